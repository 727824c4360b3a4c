using System.Collections.Immutable;
using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Plans;

/// <summary>
/// The complete input of one run as data. Drawn from a seed; parts of it can be removed to shrink a failure.
/// </summary>
internal sealed record Plan
{
    public required int Seed { get; init; }

    /// <summary>The number of processes: one sole owner of the store, or several that share it.</summary>
    public required int Processes { get; init; }

    public bool Alone => Processes == 1;

    public required int Shards { get; init; }

    /// <summary>See the coordinator's option of the same name.</summary>
    public required TimeSpan KeepAlive { get; init; }

    public required int BatchMax { get; init; }

    public required int SweepPageSize { get; init; }

    public required int SweepConcurrency { get; init; }

    /// <summary>True if every process sweeps every shard, like duplicate activations of a recovery grain.</summary>
    public bool EverybodySweeps { get; init; }

    /// <summary>The skew of each machine's clock at the start.</summary>
    public required ImmutableArray<TimeSpan> Skews { get; init; }

    public required ImmutableArray<TransactionPlan> Transactions { get; init; }

    public required ImmutableArray<FaultPlan> Faults { get; init; }

    /// <summary>The time at which the faults stop. After it, services work and processes stay alive.</summary>
    public required TimeSpan Calm { get; init; }

    /// <summary>
    /// True if a process may have started with a clock error of an hour, so that times in its rows are not comparable.
    /// </summary>
    public bool HoursApart => Faults.Any(static f => f.Kind == FaultKind.ClockJump);
}

/// <summary>The plan of one transaction, its submitter and its services.</summary>
internal sealed record TransactionPlan
{
    public required string Gid { get; init; }

    public required TransactionType Type { get; init; }

    /// <summary>The start time of its submitter.</summary>
    public required TimeSpan Start { get; init; }

    /// <summary>The number of steps, or of branches to register.</summary>
    public required int Steps { get; init; }

    public string Protocol { get; init; } = "http";

    public bool Concurrent { get; init; }

    /// <summary>Concurrent saga: the predecessors of each step.</summary>
    public ImmutableDictionary<int, ImmutableArray<int>> Orders { get; init; } =
        ImmutableDictionary<int, ImmutableArray<int>>.Empty;

    /// <summary>The steps without a compensation.</summary>
    public ImmutableHashSet<int> NoCompensation { get; init; } = [];

    /// <summary>Seconds; 0 = the default.</summary>
    public double TimeoutToFail { get; init; }

    /// <summary>Seconds; 0 = the default.</summary>
    public double RetryInterval { get; init; }

    /// <summary>Seconds; 0 = the default.</summary>
    public double RequestTimeout { get; init; }

    public int RetryLimit { get; init; }

    /// <summary>The delay of a msg in seconds.</summary>
    public double Delay { get; init; }

    public bool WaitResult { get; init; }

    /// <summary>The options of the submit that differ from those of the prepare; null = the same.</summary>
    public SubmitPlan? AtSubmit { get; init; }

    /// <summary>True if a notice URL is set.</summary>
    public bool Notice { get; init; }

    /// <summary>True if the submitter submits, false if it aborts.</summary>
    public bool MeansIt { get; init; } = true;

    /// <summary>The number of the request before which the submitter dies; 0 = it does not die.</summary>
    public int SubmitterDiesAt { get; init; }

    /// <summary>msg: true if it is prepared first, around a local transaction.</summary>
    public bool Prepares { get; init; }

    /// <summary>The submitter's own work between two requests.</summary>
    public TimeSpan Thinks { get; init; }

    /// <summary>What steps set for their calls, by <see cref="CallFate.Name"/>.</summary>
    public ImmutableDictionary<string, PolicyPlan> Policies { get; init; } =
        ImmutableDictionary<string, PolicyPlan>.Empty;

    /// <summary>True if the answers of actions are kept.</summary>
    public bool Results { get; init; }

    /// <summary>The actions whose results are in the payload of a call, by <see cref="CallFate.Name"/>.</summary>
    public ImmutableDictionary<string, ImmutableArray<int>> Uses { get; init; } =
        ImmutableDictionary<string, ImmutableArray<int>>.Empty;

    /// <summary>Saga: the action whose payload uses a part that no answer has; null = none.</summary>
    public string? Lacks { get; init; }

    /// <summary>Errors in a row after which a call is put aside; 0 = never.</summary>
    public int GiveUpAfter { get; init; }

    /// <summary>Seconds after which a call is put aside; 0 = never.</summary>
    public double GiveUpAfterSeconds { get; init; }

    /// <summary>True if a call may be put aside.</summary>
    public bool MayPark => GiveUpAfter > 0 || GiveUpAfterSeconds > 0
        || Policies.Values.Any(static p => p.GiveUpAfter > 0 || p.GiveUpAfterSeconds > 0);

    public ImmutableArray<CallFate> Fates { get; init; } = [];

    public ImmutableArray<Extra> Extras { get; init; } = [];
}

/// <summary>What a step sets for one of its calls; 0 and null = the transaction's. Times in seconds.</summary>
internal sealed record PolicyPlan(
    int? RetryLimit,
    double RetryInterval,
    bool Constant,
    double RetryIntervalMax,
    double RequestTimeout,
    double TimeoutToFail,
    int GiveUpAfter,
    double GiveUpAfterSeconds);

/// <summary>Options that only the submit sets. In this case only the prepare sets wait_result.</summary>
/// <param name="RetryInterval">Seconds.</param>
/// <param name="RequestTimeout">Seconds.</param>
/// <param name="Delay">msg: seconds.</param>
internal sealed record SubmitPlan(double RetryInterval, double RequestTimeout, double Delay);

/// <summary>The fate of one call; calls without a fate succeed.</summary>
/// <param name="Name">The call: <c>a0</c> action of step 0, <c>c0</c> compensation, <c>t0</c> try, <c>f0</c> and
/// <c>b0</c> forward and back, <c>q</c> query or callback, <c>n</c> notice.</param>
/// <param name="Nth">1 for the first call of that name in the run, by any process.</param>
/// <param name="Kind">The kind of fate.</param>
/// <param name="Wait">The duration, if the fate has one.</param>
internal sealed record CallFate(string Name, int Nth, Fate Kind, TimeSpan Wait);

internal enum Fate
{
    Fine,

    /// <summary>Done at once; a slow response within the timeout.</summary>
    Slow,

    /// <summary>Done at once; the response arrives after the timeout.</summary>
    LateAnswer,

    /// <summary>Reaches the service after the timeout and is done then.</summary>
    LateArrival,

    /// <summary>Never reaches the service.</summary>
    LostRequest,

    /// <summary>The connection is refused.</summary>
    NotConnected,

    /// <summary>Done; the connection breaks before the response.</summary>
    LostAnswer,

    /// <summary>Done; the network delivers the same request again later.</summary>
    Twice,

    /// <summary>Done; HTTP 500.</summary>
    DoneButError,

    /// <summary>Not done; HTTP 500.</summary>
    Error,

    /// <summary>Not done; a redirect or an undefined gRPC status.</summary>
    Nonsense,

    /// <summary>ONGOING.</summary>
    Ongoing,

    /// <summary>FAILURE.</summary>
    Refused,

    /// <summary>FAILURE in the body with status 200.</summary>
    RefusedInBody,

    /// <summary>The service hangs and does nothing.</summary>
    Hangs,

    /// <summary>No free call slot in the bulkhead.</summary>
    NoPlace,

    /// <summary>The caller itself throws.</summary>
    Throws,
}

/// <summary>An additional request, with the same content unless the word ends with <c>!</c>.</summary>
/// <param name="After">The time after the transaction's start.</param>
/// <param name="Word">prepare, submit, abort, succeed and fail (a workflow's end), reg0, reg0!, retry, stop, wait (for
/// the end or a pause).</param>
internal sealed record Extra(TimeSpan After, string Word);

/// <summary>A fault of a process, a clock or a database.</summary>
/// <param name="At">The time, or the time after which the next opportunity is used.</param>
/// <param name="Target">The number of the process or shard.</param>
/// <param name="Length">The duration, if the fault has one.</param>
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

    /// <summary>A process is paused until it is declared dead, then continues for a while as a zombie.</summary>
    Pause,

    /// <summary>A process has a wrong membership view: two owners.</summary>
    MembersUnseen,

    /// <summary>The clock of a running machine is set. It must have no effect.</summary>
    ClockSet,

    /// <summary>A machine's clock is set and its process restarts.</summary>
    ClockJump,

    /// <summary>All branch services hang.</summary>
    ServicesHang,

    /// <summary>All branch services return HTTP 503 at once.</summary>
    ServicesFail,

    /// <summary>A process stops gracefully and restarts.</summary>
    Stop,
}
