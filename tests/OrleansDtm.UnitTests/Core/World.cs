using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The end of a transaction in the model.</summary>
public enum Ending
{
    Succeeded,
    Refused,
    Aborted,
    TimedOut,
    RetriedTooOften,
    Stopped,
}

/// <summary>
/// Simulates the owner, submitter, network and services of one transaction on virtual time. Plays a script of random
/// events, then stops all faults. The <see cref="Laws"/> of the pattern check every decision.
/// </summary>
internal sealed class World
{
    /// <summary>The options that a submit may set differently from its prepare.</summary>
    private static readonly string[] Naming =
    [
        "", "*interval=3", "*delay=2", "*custom", "*request=7,interval=0.5", "*concurrent", "*sequential,delay=0.01",
    ];

    private readonly WorldCase _given;
    private readonly TransactionRun _run;
    private readonly Laws _laws;

    public World(WorldCase given)
    {
        _given = given;
        _run = new TransactionRun(Layout.Of(given.Type), given.Words);
        _laws = Laws.Of(_run);
    }

    /// <summary>
    /// Plays the transaction and returns its end. Throws with the broken law and the story that led to it.
    /// </summary>
    public Ending Play()
    {
        Send(_given.Type == TransactionType.Saga || _given.Words.EndsWith("plain", StringComparison.Ordinal)
            ? "submit"
            : "prepare");
        foreach (var number in _given.Script)
        {
            Happen(number % 100, number / 100);
        }

        Calm();
        return _run.State switch
        {
            { Status: TransactionStatus.Succeed } => Ending.Succeeded,
            _ when _laws.Stopped => Ending.Stopped,
            { RollbackReason: ['T', 'i', 'm', 'e', ..] } => Ending.TimedOut,
            { RollbackReason: ['R', 'e', 't', 'r', 'y', ..] } => Ending.RetriedTooOften,
            { RollbackReason: "changed my mind" } => Ending.Aborted,
            _ => Ending.Refused,
        };
    }

    /// <param name="lot">0 to 99: selects the event.</param>
    /// <param name="detail">0 to 9999: selects the details of the event.</param>
    private void Happen(int lot, int detail)
    {
        switch (lot)
        {
            case < 55 when _laws.Outstanding.Count > 0:
                Pass(TimeSpan.FromTicks(detail * 1_777L));
                Answer(_laws.Outstanding.ElementAt(detail % _laws.Outstanding.Count), Kind(detail / 100));
                break;
            case < 55 when _run.State.Status == TransactionStatus.Prepared:
                Pass(TimeSpan.FromTicks(detail * 1_777L));
                Send(Request(detail));
                break;
            case < 80:
                TimeGoesBy(detail);
                break;
            case < 84:
                Pass(TimeSpan.FromTicks(detail * 3_331L));
                _laws.Outstanding.Clear();
                Send("crash");
                break;
            case < 86:
                var kept = _laws.Outstanding.Where(i => ((detail >> (i + 1)) & 1) == 1).ToImmutableHashSet();
                _laws.Outstanding.IntersectWith(kept);
                Send(
                    $"crash keeping {string.Join(' ', kept.Select(_run.Layout.Name))}",
                    new TransactionEvent.Resumed(kept));
                break;
            case < 91:
                Send(Request(detail));
                break;
            case < 95:
                Send((detail % 3) switch
                {
                    0 => "retry",
                    1 => "retry=" + SomeCall(detail / 3),
                    _ => "resolve=" + SomeCall(detail / 3),
                });
                break;
            case < 99:
                Stray(detail);
                break;
            case 99 when detail % 4 == 0:
                Send("stop");
                break;
        }
    }

    /// <summary>Returns a call, which need not exist.</summary>
    private string SomeCall(int detail) =>
        _run.Layout.Name((detail % (_run.State.Branches.Length + 2)) + Transaction.QueryIndex);

    /// <summary>Draws a request of a submitter, also repeated and out of order.</summary>
    private string Request(int detail)
    {
        var register = "reg" + (detail / 10 % (_run.BranchCount + 1)).ToString(CultureInfo.InvariantCulture);
        string[] requests = _given.Type switch
        {
            TransactionType.Saga => ["submit", "abort"],
            TransactionType.Msg => ["prepare", "prepare", "prepare", "submit", "abort", "reg0", "succeed"],
            TransactionType.Workflow =>
                [register, register, register, register + "!", "prepare", "submit", "abort", "succeed", "fail"],
            _ => [register, register, register, register, register + "!", "prepare", "submit", "abort", "succeed"],
        };
        var request = requests[detail % requests.Length];
        return request == "submit" && _given.Type is TransactionType.Msg or TransactionType.Tcc or TransactionType.Xa
            ? request + Naming[detail / 100 % Naming.Length]
            : request;
    }

    /// <summary>
    /// Stops the faults: every call succeeds, every timer fires, a workflow's SDK sends its requests. The transaction
    /// must end within a bounded number of events.
    /// </summary>
    private void Calm()
    {
        var bound = (2 * (_run.State.Branches.Length + 2)) + 1;
        for (var events = 0; !_run.State.IsFinal; events++)
        {
            _laws.Hold(events < bound, "it ends within a bounded number of events once faults stop");
            if (_given.Type == TransactionType.Workflow && (_laws.Outstanding.Count > 0 || _run.State.WakeAt is null))
            {
                Send("succeed");
                continue;
            }

            if (_laws.Outstanding.Count > 0)
            {
                Answer(_laws.Outstanding.First(), OutcomeKind.Succeeded);
                continue;
            }

            var before = _run.State;
            _run.Now = before.WakeAt!.Value > _run.Now ? before.WakeAt.Value : _run.Now;
            Send("due", TransactionEvent.TimeDue.Instance);
            _laws.Hold(!ReferenceEquals(before, _run.State), "it is never woken in vain");
        }
    }

    /// <summary>
    /// Moves the clock: to one tick before the next wake-up, to it exactly, past it, or by a random time.
    /// </summary>
    private void TimeGoesBy(int detail)
    {
        var asked = _run.State.WakeAt ?? _run.Now;
        var to = (detail % 4) switch
        {
            0 => asked.AddTicks(-1),
            1 => asked,
            2 => asked.AddTicks(detail * 11_113L),
            _ => _run.Now.AddTicks(detail * 1_111L),
        };
        Pass(to - _run.Now);
        Send("due", TransactionEvent.TimeDue.Instance);
    }

    private void Pass(TimeSpan time) => _run.Now += time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private OutcomeKind Kind(int percent) => (percent < _given.Kindness, percent % 4) switch
    {
        (true, _) => OutcomeKind.Succeeded,
        (_, 0) => OutcomeKind.Failed,
        (_, 1) => OutcomeKind.Ongoing,
        _ => OutcomeKind.Unknown,
    };

    private void Answer(int index, OutcomeKind kind)
    {
        var outcome = new Outcome(kind, kind == OutcomeKind.Succeeded ? null : "why");
        Send(
            _run.Layout.Name(index) + " " + kind,
            new TransactionEvent.BranchAnswered(index, outcome, TimeSpan.FromSeconds(1)));
    }

    /// <summary>A response to a call that is not in flight.</summary>
    private void Stray(int detail)
    {
        var first = _run.State.Query is null ? 0 : Transaction.QueryIndex;
        var index = first + (detail % Math.Max(1, _run.State.Branches.Length - first));
        if (index < _run.State.Branches.Length && !_laws.Outstanding.Contains(index))
        {
            Answer(index, Kind(detail / 100));
        }
    }

    private void Send(string word) => Send(word, _run.Event(word));

    private void Send(string told, TransactionEvent occurred)
    {
        var before = _run.Exists ? _run.State : null;
        var decision = _run.Send(occurred);
        var calls = string.Concat(decision.Calls.Select(c => " " + _run.Layout.Name(c.Index)));
        var second = (_run.Now - TransactionRun.Start).TotalSeconds.ToString("0.0000000", CultureInfo.InvariantCulture);
        _laws.Tell(
            $"{second} {told}: {Names.Of(_run.State.Status)}{calls}{(decision.Rejection is null ? "" : " refused")}");
        _laws.Judge(before, occurred, decision, _run.Now);
    }
}
