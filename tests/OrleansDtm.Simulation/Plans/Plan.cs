using System.Collections.Immutable;
using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Plans;

/// <summary>Everything that is to happen in one run, as data: what the seed decides, and what can be left out to make a failure shorter.</summary>
internal sealed record Plan
{
    public required int Seed { get; init; }

    /// <summary>One process that owns the store alone, or several that share it.</summary>
    public required int Processes { get; init; }

    public bool Alone => Processes == 1;

    public required int Shards { get; init; }

    /// <summary>See the coordinator's options of the same names.</summary>
    public required TimeSpan KeepAlive { get; init; }

    public required int BatchMax { get; init; }

    public required int SweepPageSize { get; init; }

    public required int SweepConcurrency { get; init; }

    /// <summary>Every process sweeps every shard, as when Orleans has two activations of a recovery grain.</summary>
    public bool EverybodySweeps { get; init; }

    /// <summary>How far the clocks of the machines differ from the world's at the start.</summary>
    public required ImmutableArray<TimeSpan> Skews { get; init; }

    public required ImmutableArray<TransactionPlan> Transactions { get; init; }

    public required ImmutableArray<FaultPlan> Faults { get; init; }

    /// <summary>When faults stop: from then on services are well and processes live.</summary>
    public required TimeSpan Calm { get; init; }

    /// <summary>A process may have started with a clock an hour off: then moments in its rows are its own.</summary>
    public bool HoursApart => Faults.Any(static f => f.Kind == FaultKind.ClockJump);
}

/// <summary>A transaction, its submitter and its services.</summary>
internal sealed record TransactionPlan
{
    public required string Gid { get; init; }

    public required TransactionType Type { get; init; }

    /// <summary>When its submitter begins.</summary>
    public required TimeSpan Start { get; init; }

    /// <summary>Steps, or branches to be registered.</summary>
    public required int Steps { get; init; }

    public string Protocol { get; init; } = "http";

    public bool Concurrent { get; init; }

    /// <summary>Concurrent saga: by step those before it.</summary>
    public ImmutableDictionary<int, ImmutableArray<int>> Orders { get; init; } = ImmutableDictionary<int, ImmutableArray<int>>.Empty;

    /// <summary>Steps without a compensation.</summary>
    public ImmutableHashSet<int> NoCompensation { get; init; } = [];

    /// <summary>Seconds; 0 = the default.</summary>
    public double TimeoutToFail { get; init; }

    /// <summary>Seconds; 0 = the default.</summary>
    public double RetryInterval { get; init; }

    /// <summary>Seconds; 0 = the default.</summary>
    public double RequestTimeout { get; init; }

    public int RetryLimit { get; init; }

    /// <summary>Seconds a msg is held back.</summary>
    public double Delay { get; init; }

    public bool WaitResult { get; init; }

    /// <summary>What its submit names other than its prepare; null = it repeats what the prepare said.</summary>
    public SubmitPlan? AtSubmit { get; init; }

    /// <summary>Somebody is told of the end.</summary>
    public bool Notice { get; init; }

    /// <summary>What its submitter wants: to go forward, or back.</summary>
    public bool MeansIt { get; init; } = true;

    /// <summary>Before which of its words the submitter dies for good; 0 = it does not.</summary>
    public int SubmitterDiesAt { get; init; }

    /// <summary>msg: it is prepared first, around a local transaction.</summary>
    public bool Prepares { get; init; }

    /// <summary>How long the submitter's own work takes between two words.</summary>
    public TimeSpan Thinks { get; init; }

    public ImmutableArray<CallFate> Fates { get; init; } = [];

    public ImmutableArray<Extra> Extras { get; init; } = [];
}

/// <summary>Options that only the submit names; that it waits, only the prepare says then.</summary>
/// <param name="RetryInterval">Seconds.</param>
/// <param name="RequestTimeout">Seconds.</param>
/// <param name="Delay">msg: seconds.</param>
internal sealed record SubmitPlan(double RetryInterval, double RequestTimeout, double Delay);

/// <summary>What becomes of one call; calls without a fate go well.</summary>
/// <param name="Name">The call: <c>a0</c> action of step 0, <c>c0</c> compensation, <c>t0</c> try, <c>f0</c> and <c>b0</c> forward and back, <c>q</c> query or resumption, <c>n</c> notice.</param>
/// <param name="Nth">1 for the first call of that name in the run, whoever makes it.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Wait">How long it takes, where that matters.</param>
internal sealed record CallFate(string Name, int Nth, Fate Kind, TimeSpan Wait);

internal enum Fate
{
    Fine,

    /// <summary>Done at once, answered within the timeout but slowly.</summary>
    Slow,

    /// <summary>Done at once, answered when nobody waits any more.</summary>
    LateAnswer,

    /// <summary>Reaches the service when nobody waits any more, and is done then.</summary>
    LateArrival,

    /// <summary>Never reaches the service.</summary>
    LostRequest,

    /// <summary>The connection is refused.</summary>
    NotConnected,

    /// <summary>Done; the connection breaks before the answer.</summary>
    LostAnswer,

    /// <summary>Done, and the network delivers the same request again later.</summary>
    Twice,

    /// <summary>Done, and answered with HTTP 500.</summary>
    DoneButError,

    /// <summary>Not done; HTTP 500.</summary>
    Error,

    /// <summary>Not done; a redirect, or a gRPC status without a meaning.</summary>
    Nonsense,

    /// <summary>Not done yet.</summary>
    Ongoing,

    /// <summary>Refused.</summary>
    Refused,

    /// <summary>Refused with status 200 and the word in the body.</summary>
    RefusedInBody,

    /// <summary>The service hangs and does nothing.</summary>
    Hangs,

    /// <summary>No place in the bulkhead.</summary>
    NoPlace,

    /// <summary>The caller itself throws.</summary>
    Throws,
}

/// <summary>A request that somebody sends besides, of the same content unless the word ends with <c>!</c>.</summary>
/// <param name="After">After the transaction's start.</param>
/// <param name="Word">prepare, submit, abort, succeed and fail (a workflow's end), reg0, reg0!, retry, stop, wait (for the end or a pause).</param>
internal sealed record Extra(TimeSpan After, string Word);

/// <summary>Something that goes wrong with a process, a clock or the database.</summary>
/// <param name="At">When, or from when on the next opportunity is taken.</param>
/// <param name="Target">Of the process or shard.</param>
/// <param name="Length">How long it lasts, where that matters.</param>
internal sealed record FaultPlan(TimeSpan At, FaultKind Kind, int Target, TimeSpan Length);

internal enum FaultKind
{
    // The next commit of a shard.
    CommitLostBefore,
    CommitDeadlock,
    CommitLostBeforeLate,
    CommitAnswerLost,
    CommitAnswerLostLate,
    CommitSlowAnswer,
    CommitSlow,
    CommitAfterLoss,
    CommitRefused,

    // A shard for a while.
    ReadsFail,
    ReadOnly,
    Restart,
    SlowDatabase,

    // A process, at the next step of the kind.
    KillNow,
    KillBeforeCommit,
    KillAfterCommit,
    KillBeforeCall,
    KillAfterCall,
    KillAtAnswer,
    KillAtReply,
    KillAtLoad,
    KillAtSweep,

    /// <summary>Stopped beyond the membership's patience, then goes on for a while as a zombie.</summary>
    Pause,

    /// <summary>A process sees other members than there are: two owners.</summary>
    MembersUnseen,

    /// <summary>A running machine's clock is set: nothing may notice.</summary>
    ClockSet,

    /// <summary>A machine's clock is set and its process starts anew.</summary>
    ClockJump,

    /// <summary>All branch services hang.</summary>
    ServicesHang,

    /// <summary>All branch services answer HTTP 503 at once.</summary>
    ServicesFail,

    /// <summary>A process stops in an orderly way and starts anew.</summary>
    Stop,
}
