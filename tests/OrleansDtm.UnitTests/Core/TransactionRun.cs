using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Runs one transaction under Core's rules, with its own clock. Calls are named as in <see cref="Layout"/>; branches
/// count from 0. The transaction is described in words: the number of branches first, then <c>concurrent</c>,
/// <c>2&lt;0,1</c> (step 2 after 0 and 1), <c>empty=a1,c1</c> (no URL), <c>noask</c> (no callback), <c>timeout=30
/// interval=1 max=8 request=3 delay=5</c> (seconds), <c>limit=2</c>, <c>giveup=3</c>, <c>giveuptime=60</c>. A call's
/// own policy: <c>a0{limit=1,interval=1,backoff=constant,max=8,request=7,fail=20,giveup=2,giveuptime=9}</c>.
/// </summary>
internal class TransactionRun
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string[] _empty;
    private readonly string[] _words;
    private Transaction? _stored;

    public TransactionRun(Layout layout, string text, string gid = "g1")
    {
        Layout = layout;
        var words = text.Split(' ');
        _words = words;
        _empty = Value(words, "empty=")?.Split(',') ?? [];
        BranchCount = int.Parse(words[0], CultureInfo.InvariantCulture);
        var definition = new TransactionDefinition
        {
            Gid = gid,
            Type = layout.Type,
            Created = Start,
            Options = Options(words, layout.Timeout),
            Query = layout.Query is null || words.Contains("noask") ? null : Call(Transaction.QueryIndex),
        };
        var known = layout.Registers ? 0 : BranchCount;
        Submission = new Submission(definition, [.. Enumerable.Range(0, known).SelectMany(i => CallsOf(i))]);
    }

    public Layout Layout { get; }

    /// <summary>The number of branches, including those that may be registered.</summary>
    public int BranchCount { get; }

    public Submission Submission { get; }

    public DateTimeOffset Now { get; set; } = Start;

    public bool Exists => _stored is not null;

    public Transaction State => _stored ?? throw new InvalidOperationException("It does not exist.");

    public BranchOp this[string name] => State.At(Layout.Index(name));

    /// <summary>
    /// Decides on an event and stores the decision as an owner does: a new state gets the next version.
    /// </summary>
    public Decision Send(TransactionEvent occurred)
    {
        var decision = TransactionMachine.Decide(_stored, occurred, Now);
        if (decision.Next is not null && !ReferenceEquals(decision.Next, _stored))
        {
            _stored = decision.Next with { Version = decision.Next.Version + 1 };
        }

        return decision;
    }

    public Decision Submit() => Send(Event("submit"));

    public Decision Answer(string name, Outcome outcome) => Send(Answered(name, outcome));

    public Decision Due(DateTimeOffset at)
    {
        Now = at;
        return Send(TransactionEvent.TimeDue.Instance);
    }

    /// <summary>Moves the clock to the next wake-up and sends the event.</summary>
    public Decision Due() => Due(State.WakeAt ?? throw new InvalidOperationException("It waits for no moment."));

    /// <summary>Returns the calls of a branch, as they are submitted or registered.</summary>
    public ImmutableArray<BranchOpDefinition> CallsOf(int branch, bool otherContent = false) =>
        [.. Enumerable.Range(branch * Layout.Calls.Length, Layout.Calls.Length).Select(i => Call(i, otherContent))];

    /// <summary>
    /// Plays the events of a story (<c>event: consequences; ...</c>) and returns the story with the actual
    /// consequences: the status if it changed, then the calls. Events: those of <see cref="Event"/>, and due, @30
    /// (second 30).
    /// </summary>
    public string Play(string story) => string.Join("; ", story.Split("; ").Select(line => Tell(line.Split(':')[0])));

    /// <summary>
    /// Returns the event of a word: prepare, submit, abort, stop, crash, retry; reg1 (register branch 1), reg1! (with
    /// other content); retry=a0 (only this call); resolve=a0; succeed and fail (a workflow's end);
    /// submit*delay=5,interval=2 (a submit that sets options). Responses: a0+ succeeded, a0- failed, a0~ ongoing, a0?
    /// unknown.
    /// </summary>
    public TransactionEvent Event(string word) => word switch
    {
        "prepare" => new TransactionEvent.Prepare(Submission),
        "submit" => new TransactionEvent.Submit(Submission),
        ['s', 'u', 'b', 'm', 'i', 't', '*', .. var words] => new TransactionEvent.Submit(Naming(words.Split(','))),
        "abort" => new TransactionEvent.Abort(Layout.Type, "changed my mind"),
        "stop" => new TransactionEvent.ForceStop(""),
        "crash" => new TransactionEvent.Resumed([]),
        "retry" => TransactionEvent.RetryNow.Instance,
        ['r', 'e', 't', 'r', 'y', '=', .. var name] => Retry(name),
        ['r', 'e', 's', 'o', 'l', 'v', 'e', '=', .. var name] => Resolve(name),
        "succeed" => new TransactionEvent.FinishWorkflow(TransactionStatus.Succeed, "", "result"),
        "fail" => new TransactionEvent.FinishWorkflow(TransactionStatus.Failed, "no", ""),
        ['r', 'e', 'g', .. var branch, '!'] => Registration(branch, true),
        ['r', 'e', 'g', .. var branch] => Registration(branch, false),
        [.. var name, '+'] => Answered(name, Outcome.Succeeded),
        [.. var name, '-'] => Answered(name, Outcome.Failed("no")),
        [.. var name, '~'] => Answered(name, Outcome.Ongoing()),
        [.. var name, '?'] => Answered(name, Outcome.Unknown("lost")),
        _ => throw new ArgumentOutOfRangeException(nameof(word), word, "Unknown word in a story."),
    };

    /// <summary>
    /// Builds a submit that sets options: interval=, timeout=, request=, delay= (with the custom data), concurrent,
    /// header= or custom=.
    /// </summary>
    private Submission Naming(string[] words)
    {
        var named = NamedOptions.None;
        foreach (var word in words)
        {
            named |= word.Split('=')[0] switch
            {
                "interval" => NamedOptions.RetryInterval,
                "timeout" => NamedOptions.TimeoutToFail,
                "request" => NamedOptions.RequestTimeout,
                "concurrent" or "sequential" => NamedOptions.Concurrent,
                "delay" or "custom" => NamedOptions.CustomData,
                "header" => NamedOptions.BranchHeaders,
                "notice" => NamedOptions.NoticeUrl,
                "giveup" => NamedOptions.GiveUpAfter,
                "giveuptime" => NamedOptions.GiveUpAfterTime,
                _ => throw new ArgumentOutOfRangeException(nameof(words), word, "Unknown option of a submit."),
            };
        }

        return new Submission(
            Submission.Definition with
            {
                Options = Options(words, Layout.Timeout) with
                {
                    RetryIntervalNamed = named.HasFlag(NamedOptions.RetryInterval),
                },
                CustomData = "of the submit",
                NoticeUrl = Value(words, "notice=") ?? "",
                BranchHeaders = Value(words, "header=") is { } value
                    ? ImmutableDictionary<string, string>.Empty.Add("x", value)
                    : ImmutableDictionary<string, string>.Empty,
            },
            [],
            named);
    }

    private string Tell(string word)
    {
        var before = _stored?.Status;
        var decision = word switch
        {
            "due" => Due(),
            ['@', .. var second] => Due(Start + Seconds(second)),
            _ => Send(Event(word)),
        };
        var told = decision.Calls.Select(c => Layout.Name(c.Index));
        if (decision.Rejection is { } refused)
        {
            told = told.Append("refused " + refused.Kind);
        }

        return string.Join(
            ' ', [word + ":", .. _stored?.Status == before ? [] : new[] { Names.Of(State.Status) }, .. told]);
    }

    private TransactionEvent.BranchAnswered Answered(string name, Outcome outcome) =>
        new(Layout.Index(name), outcome, TimeSpan.FromMilliseconds(7));

    private TransactionEvent.ResolveBranch Resolve(string name)
    {
        var call = Call(Layout.Index(name));
        return new TransactionEvent.ResolveBranch(call.Id, call.Op, "booked by hand, ticket 7");
    }

    private TransactionEvent.RetryBranch Retry(string name)
    {
        var call = Call(Layout.Index(name));
        return new TransactionEvent.RetryBranch(call.Id, call.Op);
    }

    private TransactionEvent.Register Registration(string branch, bool otherContent) => new(
        Layout.Type,
        CallsOf(int.Parse(branch, CultureInfo.InvariantCulture), otherContent),
        Layout.Type == TransactionType.Workflow ? BranchStatus.Succeed : BranchStatus.Prepared);

    private BranchOpDefinition Call(int index, bool otherContent = false)
    {
        var name = Layout.Name(index);
        byte[] payload = otherContent ? [1] : [0, 0x80, 0xff];
        return new BranchOpDefinition(
            (1 + (index < 0 ? -1 : index / Layout.Calls.Length)).ToString("00", CultureInfo.InvariantCulture),
            Layout.Op(index),
            _empty.Contains(name) || (index >= 0 && Layout.Type == TransactionType.Workflow)
                ? ""
                : "http://bank/" + name,
            Layout.Registers && index >= 0 ? payload : ReadOnlyMemory<byte>.Empty,
            Start)
        {
            Policy = Value(_words, name + "{") is { } policy ? Policy(policy.TrimEnd('}').Split(',')) : null,
        };
    }

    private static CallPolicy Policy(string[] words)
    {
        TimeSpan? Time(string key) => Value(words, key) is { } text ? Seconds(text) : null;
        int? Count(string key) =>
            Value(words, key) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
        return new CallPolicy
        {
            RetryLimit = Count("limit="),
            RetryInterval = Time("interval="),
            Backoff = Value(words, "backoff=") is "constant" ? RetryBackoff.Constant : RetryBackoff.None,
            RetryIntervalMax = Time("max="),
            RequestTimeout = Time("request="),
            TimeoutToFail = Time("fail="),
            GiveUpAfter = Count("giveup="),
            GiveUpAfterTime = Time("giveuptime="),
        };
    }

    private static TransactionOptions Options(string[] words, string timeout) => new()
    {
        Concurrent = words.Contains("concurrent"),
        Orders = words.Where(static w => w.Contains('<')).Select(static w => w.Split('<')).ToImmutableDictionary(
            static w => int.Parse(w[0], CultureInfo.InvariantCulture),
            static w =>
                w[1].Split(',').Select(static p => int.Parse(p, CultureInfo.InvariantCulture)).ToImmutableArray()),
        TimeoutToFail = Seconds(Value(words, "timeout=") ?? timeout),
        RetryInterval = Seconds(Value(words, "interval=") ?? "10"),
        RetryIntervalMax = Seconds(Value(words, "max=") ?? "600"),
        RequestTimeout = Seconds(Value(words, "request=") ?? "3"),
        Delay = Seconds(Value(words, "delay=") ?? "0"),
        RetryLimit = int.Parse(Value(words, "limit=") ?? "0", CultureInfo.InvariantCulture),
        GiveUpAfter = int.Parse(Value(words, "giveup=") ?? "0", CultureInfo.InvariantCulture),
        GiveUpAfterTime = Seconds(Value(words, "giveuptime=") ?? "0"),
    };

    private static string? Value(string[] words, string key) =>
        words.FirstOrDefault(w => w.StartsWith(key, StringComparison.Ordinal))?[key.Length..];

    private static TimeSpan Seconds(string text) =>
        TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));
}
