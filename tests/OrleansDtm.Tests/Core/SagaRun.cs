using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.Tests.Core;

/// <summary>
/// One saga under the rules, with a clock of its own. Steps count from 0: <c>a1</c> is the action of step 1, <c>c1</c> its compensation.
/// A saga is written in words: <c>3</c> steps, <c>concurrent</c>, <c>2&lt;0,1</c> (step 2 after 0 and 1), <c>empty=a1,c1</c> (no URL),
/// <c>timeout=30 interval=1 max=8 request=3</c> (seconds), <c>limit=2</c>.
/// </summary>
internal sealed class SagaRun
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private Transaction? _stored;

    public SagaRun(string saga, string gid = "g1")
    {
        var words = saga.Split(' ');
        var empty = Value(words, "empty=")?.Split(',') ?? [];
        var steps = int.Parse(words[0], CultureInfo.InvariantCulture);
        Submission = new Submission(
            new TransactionDefinition { Gid = gid, Type = TransactionType.Saga, Created = Start, Options = Options(words) },
            [.. Enumerable.Range(0, 2 * steps).Select(i => Definition(i, empty.Contains(Name(i))))]);
    }

    public Submission Submission { get; }

    public DateTimeOffset Now { get; set; } = Start;

    public Transaction State => _stored ?? throw new InvalidOperationException("It was not submitted.");

    public static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"{(index % 2 == 1 ? 'a' : 'c')}{index / 2}");

    public static int Index(string name) => (2 * int.Parse(name[1..], CultureInfo.InvariantCulture)) + (name[0] == 'a' ? 1 : 0);

    public Branch this[string name] => State.Branches[Index(name)];

    /// <summary>Decides, and stores the decision as an owner would: a new state gets the next version.</summary>
    public Decision Send(TransactionEvent occurred)
    {
        var decision = TransactionMachine.Decide(_stored, occurred, Now);
        if (decision.Next is not null && !ReferenceEquals(decision.Next, _stored))
        {
            _stored = decision.Next with { Version = decision.Next.Version + 1 };
        }

        return decision;
    }

    public Decision Submit() => Send(new TransactionEvent.Submit(Submission));

    public Decision Answer(string name, Outcome outcome) =>
        Send(new TransactionEvent.BranchAnswered(Index(name), outcome, TimeSpan.FromMilliseconds(7)));

    public Decision Due(DateTimeOffset at)
    {
        Now = at;
        return Send(TransactionEvent.TimeDue.Instance);
    }

    /// <summary>Moves on to the moment the transaction asks for.</summary>
    public Decision Due() => Due(State.WakeAt ?? throw new InvalidOperationException("It waits for no moment."));

    /// <summary>
    /// Plays the events of a story (<c>event: consequences; ...</c>) and tells what really followed: the status when it changed, then the calls.
    /// Events: submit, stop, crash, retry, due, @30 (second 30), and answers: a0+ succeeded, a0- failed, a0~ ongoing, a0? unknown.
    /// </summary>
    public string Play(string story) => string.Join("; ", story.Split("; ").Select(line => Tell(line.Split(':')[0])));

    private string Tell(string occurred)
    {
        var before = _stored?.Status;
        var decision = Occur(occurred);
        IEnumerable<string> told = decision.Calls.Select(static c => Name(c.Index));
        if (decision.Rejection is { } refused)
        {
            told = told.Append("refused " + refused.Kind);
        }

        return string.Join(' ', [occurred + ":", .. State.Status == before ? [] : new[] { Names.Of(State.Status) }, .. told]);
    }

    private Decision Occur(string occurred) => occurred switch
    {
        "submit" => Submit(),
        "stop" => Send(TransactionEvent.ForceStop.Instance),
        "crash" => Send(new TransactionEvent.Resumed([])),
        "retry" => Send(TransactionEvent.RetryNow.Instance),
        "due" => Due(),
        ['@', .. var second] => Due(Start + Seconds(second)),
        [.. var name, '+'] => Answer(name, Outcome.Succeeded),
        [.. var name, '-'] => Answer(name, Outcome.Failed("no")),
        [.. var name, '~'] => Answer(name, Outcome.Ongoing()),
        [.. var name, '?'] => Answer(name, Outcome.Unknown("lost")),
        _ => throw new ArgumentOutOfRangeException(nameof(occurred), occurred, "Unknown word in a story."),
    };

    private static BranchDefinition Definition(int index, bool empty) => new(
        (1 + (index / 2)).ToString("00", CultureInfo.InvariantCulture),
        index % 2 == 1 ? BranchOps.Action : BranchOps.Compensate,
        empty ? "" : "http://bank/" + Name(index),
        ReadOnlyMemory<byte>.Empty,
        Start);

    private static TransactionOptions Options(string[] words) => new()
    {
        Concurrent = words.Contains("concurrent"),
        Orders = words.Where(static w => w.Contains('<')).Select(static w => w.Split('<')).ToImmutableDictionary(
            static w => int.Parse(w[0], CultureInfo.InvariantCulture),
            static w => w[1].Split(',').Select(static p => int.Parse(p, CultureInfo.InvariantCulture)).ToImmutableArray()),
        TimeoutToFail = Seconds(Value(words, "timeout=") ?? "0"),
        RetryInterval = Seconds(Value(words, "interval=") ?? "10"),
        RetryIntervalMax = Seconds(Value(words, "max=") ?? "600"),
        RequestTimeout = Seconds(Value(words, "request=") ?? "3"),
        RetryLimit = int.Parse(Value(words, "limit=") ?? "0", CultureInfo.InvariantCulture),
    };

    private static string? Value(string[] words, string key) =>
        words.FirstOrDefault(w => w.StartsWith(key, StringComparison.Ordinal))?[key.Length..];

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));
}
