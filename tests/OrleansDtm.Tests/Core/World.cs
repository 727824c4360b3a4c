using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.Tests.Core;

/// <summary>How a saga ended, as the model saw it.</summary>
public enum SagaEnding
{
    Succeeded,
    Refused,
    TimedOut,
    RetriedTooOften,
    Stopped,
}

/// <summary>
/// Owner, network and services of one saga on virtual time. It plays a script of random events, then lets the world be kind, and
/// has <see cref="SagaLaws"/> judge every decision.
/// </summary>
internal sealed class SagaModel(SagaCase given)
{
    private readonly SagaRun _run = new(given.Saga);
    private readonly SagaLaws _laws = new(new SagaRun(given.Saga).Submission);

    /// <summary>Plays it to its end and returns how it ended; throws with the broken law and the story that led there.</summary>
    public SagaEnding Play()
    {
        Send("submit", new TransactionEvent.Submit(_run.Submission));
        foreach (var number in given.Script)
        {
            Happen(number % 100, number / 100);
        }

        Calm();
        return _run.State switch
        {
            { Status: TransactionStatus.Succeed } => SagaEnding.Succeeded,
            _ when _laws.Stopped => SagaEnding.Stopped,
            { RollbackReason: ['T', 'i', 'm', 'e', ..] } => SagaEnding.TimedOut,
            { RollbackReason: ['R', 'e', 't', 'r', 'y', ..] } => SagaEnding.RetriedTooOften,
            _ => SagaEnding.Refused,
        };
    }

    /// <param name="lot">0 to 99: what happens.</param>
    /// <param name="detail">0 to 9999: how.</param>
    private void Happen(int lot, int detail)
    {
        switch (lot)
        {
            case < 55 when _laws.Outstanding.Count > 0:
                Pass(TimeSpan.FromTicks(detail * 1_777L));
                Answer(_laws.Outstanding.ElementAt(detail % _laws.Outstanding.Count), Kind(detail / 100));
                break;
            case < 80:
                TimeGoesBy(detail);
                break;
            case < 84:
                Pass(TimeSpan.FromTicks(detail * 3_331L));
                _laws.Outstanding.Clear();
                Send("crash", new TransactionEvent.Resumed([]));
                break;
            case < 86:
                var kept = _laws.Outstanding.Where(i => ((detail >> i) & 1) == 1).ToImmutableHashSet();
                _laws.Outstanding.IntersectWith(kept);
                Send($"crash keeping {string.Join(' ', kept.Select(SagaRun.Name))}", new TransactionEvent.Resumed(kept));
                break;
            case < 89:
                Send("submit", new TransactionEvent.Submit(_run.Submission));
                break;
            case < 93:
                Send("retry", TransactionEvent.RetryNow.Instance);
                break;
            case < 95:
                Send("abort", new TransactionEvent.Abort(TransactionType.Saga, "changed my mind"));
                break;
            case < 99:
                Stray(detail);
                break;
            case 99 when detail % 4 == 0:
                Send("stop", TransactionEvent.ForceStop.Instance);
                break;
        }
    }

    /// <summary>Faults have stopped: every call succeeds and every timer fires. The end must come within a bounded number of events.</summary>
    private void Calm()
    {
        var bound = (2 * _run.Submission.Branches.Length) + 1;
        for (var events = 0; !_run.State.IsFinal; events++)
        {
            _laws.Hold(events < bound, "it ends within a bounded number of events once faults stop");
            if (_laws.Outstanding.Count > 0)
            {
                Answer(_laws.Outstanding.First(), OutcomeKind.Succeeded);
                continue;
            }

            var before = _run.State;
            _run.Now = _run.State.WakeAt!.Value > _run.Now ? _run.State.WakeAt.Value : _run.Now;
            Send("due", TransactionEvent.TimeDue.Instance);
            _laws.Hold(!ReferenceEquals(before, _run.State), "it is never woken in vain");
        }
    }

    /// <summary>To a tick before the moment it waits for, exactly there, past it, or just on.</summary>
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

    private OutcomeKind Kind(int percent) => (percent < given.Kindness, percent % 4) switch
    {
        (true, _) => OutcomeKind.Succeeded,
        (_, 0) => OutcomeKind.Failed,
        (_, 1) => OutcomeKind.Ongoing,
        _ => OutcomeKind.Unknown,
    };

    private void Answer(int index, OutcomeKind kind) => Send(
        SagaRun.Name(index) + " " + kind,
        new TransactionEvent.BranchAnswered(index, new Outcome(kind, kind == OutcomeKind.Succeeded ? null : "why"), TimeSpan.FromSeconds(1)));

    /// <summary>An answer to a call that nobody waits for.</summary>
    private void Stray(int detail)
    {
        var index = detail % _run.Submission.Branches.Length;
        if (!_laws.Outstanding.Contains(index))
        {
            Answer(index, Kind(detail / 100));
        }
    }

    private void Send(string told, TransactionEvent occurred)
    {
        var before = _laws.Submitted ? _run.State : null;
        var decision = _run.Send(occurred);
        var calls = string.Concat(decision.Calls.Select(static c => " " + SagaRun.Name(c.Index)));
        var second = (_run.Now - SagaRun.Start).TotalSeconds.ToString("0.0000000", CultureInfo.InvariantCulture);
        _laws.Tell($"{second} {told}: {Names.Of(_run.State.Status)}{calls}");
        _laws.Judge(before, occurred, decision, _run.Now);
    }
}
