using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// The submitted definition of a transaction. Progress never changes it; a submit may add options to those of its
/// prepare.
/// </summary>
public sealed record TransactionDefinition
{
    /// <summary>
    /// The global transaction id: 1 to 128 characters, compared bytewise. It has its namespace in front, see
    /// <see cref="Namespaces"/>.
    /// </summary>
    public required string Gid { get; init; }

    public required TransactionType Type { get; init; }

    /// <summary>The time at which the coordinator first stored the transaction (UTC, milliseconds).</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>
    /// The time at which a prepared message with a delay was submitted (UTC); null = <see cref="Created"/>.
    /// </summary>
    public DateTimeOffset? Submitted { get; init; }

    /// <summary>The protocol of branch calls: <c>http</c>, <c>grpc</c> or <c>json-rpc</c>.</summary>
    public string Protocol { get; init; } = "http";

    /// <summary>
    /// The URL that reports whether the local transaction was committed (msg) or that resumes a workflow; empty
    /// otherwise.
    /// </summary>
    public string QueryPrepared { get; init; } = "";

    /// <summary>The definition of the call to <see cref="QueryPrepared"/> (branch 00); null if there is none.</summary>
    public BranchOpDefinition? Query { get; init; }

    /// <summary>The URL that receives the final status; empty = none.</summary>
    public string NoticeUrl { get; init; } = "";

    /// <summary>The submitter's custom data, unchanged; returned by query.</summary>
    public string CustomData { get; init; } = "";

    public required TransactionOptions Options { get; init; }

    /// <summary>Headers added to each branch call.</summary>
    public ImmutableDictionary<string, string> BranchHeaders { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The tags to find it by, sorted by key; see <see cref="TransactionTags"/>.</summary>
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = TransactionTags.None;

    /// <summary>The trace context of all branch calls, whichever process makes them; null = none.</summary>
    public TraceContext? Trace { get; init; }

    /// <summary>The definition as it was prepared; null = the submit changed nothing.</summary>
    public TransactionDefinition? Prepared { get; init; }
}

/// <summary>
/// Transaction options with the coordinator's defaults applied, so that a restart with another configuration changes
/// nothing.
/// </summary>
public sealed record TransactionOptions
{
    /// <summary>
    /// The timeout after which a prepared transaction or an unfinished saga rolls back; zero = never. Required (not
    /// zero) for a prepared msg, tcc or xa.
    /// </summary>
    public TimeSpan TimeoutToFail { get; init; }

    /// <summary>The first backoff delay after an error and the constant delay after ONGOING. Default 10 s.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>True if the submitter set <see cref="RetryInterval"/>; false = it is a default.</summary>
    public bool RetryIntervalNamed { get; init; }

    /// <summary>The maximum backoff delay, before jitter. Default 10 min.</summary>
    public TimeSpan RetryIntervalMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The timeout of one branch call. Default 3 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Saga only: the number of failed action attempts, over all branches, before a rollback; zero = no limit.
    /// </summary>
    public int RetryLimit { get; init; }

    /// <summary>True if branches may run concurrently.</summary>
    public bool Concurrent { get; init; }

    /// <summary>True if the submit waits for the final status.</summary>
    public bool WaitResult { get; init; }

    /// <summary>
    /// The consecutive errors of a call that can only be retried (compensation, confirm, cancel, commit, rollback,
    /// action of a msg, callback of a workflow) after which it is put aside; 0 = never.
    /// </summary>
    public int GiveUpAfter { get; init; }

    /// <summary>
    /// The time from the first attempt of such a call after which it is put aside; zero = never.
    /// </summary>
    public TimeSpan GiveUpAfterTime { get; init; }

    /// <summary>The delay between the submit and the first call of a message; zero = none.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// Concurrent saga: for each step (by index) the steps that must succeed before it; empty = none.
    /// </summary>
    public ImmutableDictionary<int, ImmutableArray<int>> Orders { get; init; } =
        ImmutableDictionary<int, ImmutableArray<int>>.Empty;

    /// <summary>
    /// Saga and msg: the maximum length of the answer of an action that is kept as its result, in bytes; 0 = answers
    /// are not kept.
    /// </summary>
    public int ResultBytesMax { get; init; }

    /// <summary>
    /// Returns true if an option is set that the first format of rows and messages does not have. Coordinators of
    /// earlier versions must refuse such a transaction, not ignore the option.
    /// </summary>
    public bool AreExtended() => GiveUpAfter > 0 || GiveUpAfterTime > TimeSpan.Zero || ResultBytesMax > 0;
}

/// <summary>The definition of one branch call. It never changes after it is stored.</summary>
/// <param name="Id">DTM's branch id: 01, 02, 01-01, ...</param>
/// <param name="Op">One of <see cref="BranchOps"/>, or a workflow's own.</param>
/// <param name="Url">The branch URL; empty = no call, succeeds at once.</param>
/// <param name="Payload">The request body, unchanged; may be empty.</param>
/// <param name="Created">The time at which it was stored (UTC).</param>
public sealed record BranchOpDefinition(
    string Id, string Op, string Url, ReadOnlyMemory<byte> Payload, DateTimeOffset Created)
{
    /// <summary>What the step sets instead of the transaction's options; null = nothing.</summary>
    public CallPolicy? Policy { get; init; }
}

/// <summary>
/// The options that a request sets explicitly. Silos exchange the values: add new ones, never change them.
/// </summary>
[Flags]
public enum NamedOptions
{
    None = 0,
    TimeoutToFail = 1,
    RetryInterval = 2,
    RequestTimeout = 4,
    Concurrent = 8,
    WaitResult = 16,
    BranchHeaders = 32,

    /// <summary>Custom data, which includes the delay of a message.</summary>
    CustomData = 64,
    NoticeUrl = 128,

    /// <summary>The number of consecutive errors, not the time.</summary>
    GiveUpAfter = 256,
    GiveUpAfterTime = 512,

    Tags = 1024,
}

/// <summary>The content of a submit or a prepare: the definition and its branches.</summary>
/// <param name="Definition">Complete: defaults fill the options that the request does not set.</param>
/// <param name="Branches">The branch calls. Ignored in the submit of a prepared transaction, which keeps those of its
/// prepare.</param>
/// <param name="Named">The options that the request sets. Those of a submit override those of its prepare.</param>
public sealed record Submission(
    TransactionDefinition Definition, ImmutableArray<BranchOpDefinition> Branches,
    NamedOptions Named = NamedOptions.None);
