namespace OrleansDtm.Client;

/// <summary>The state of a transaction, with its branches. Times are UTC.</summary>
public sealed class TransactionInfo
{
    /// <summary>The gid.</summary>
    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    public required string TransType { get; init; }

    /// <summary>The status.</summary>
    public required GlobalStatus Status { get; init; }

    /// <summary>When it was stored; null = unknown.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>When it last changed; null = unknown.</summary>
    public DateTimeOffset? Updated { get; init; }

    /// <summary>When it ended; null = unfinished.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>Due time of an unfinished transaction; null = unknown.</summary>
    public DateTimeOffset? NextRetry { get; init; }

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    public string RollbackReason { get; init; } = "";

    /// <summary>The result of a workflow, as stored by the coordinator (base64); empty otherwise.</summary>
    public string Result { get; init; } = "";

    /// <summary>DTM's custom_data; empty when there is none.</summary>
    public string CustomData { get; init; } = "";

    /// <summary>Its tags; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// A call is put aside: the transaction waits for an operator. False if the coordinator does not return it.
    /// </summary>
    public bool Parked { get; init; }

    /// <summary>
    /// In the coordinator's order: compensation before action, cancel before confirm. Empty in a listing.
    /// </summary>
    public IReadOnlyList<BranchInfo> Branches { get; init; } = [];

    /// <summary>The result that a submit would have now.</summary>
    public TransactionResult ToResult() => new(
        Gid, Status, RollbackReason, Finished is null ? LastError() ?? "" : "")
    {
        Results = Status == GlobalStatus.Succeeded && Branches.Any(static branch => branch.Result is not null)
            ? [.. Branches.Select(static branch => branch.Result).OfType<StepAnswer>()]
            : [],
    };

    /// <summary>
    /// Error of a call that waits for its retry; else of an ended call, such as the failure that caused the rollback.
    /// </summary>
    private string? LastError() => Branches
        .Where(static branch => !string.IsNullOrEmpty(branch.LastError))
        .OrderBy(static branch => branch.Finished is null && branch.Status == "prepared")
        .LastOrDefault()?.LastError;
}

/// <summary>A branch call and its state.</summary>
public sealed class BranchInfo
{
    /// <summary>"01", "02", ...</summary>
    public required string BranchId { get; init; }

    /// <summary>See <see cref="BranchOps"/>.</summary>
    public required string Op { get; init; }

    /// <summary>The URL; empty = none.</summary>
    public string Url { get; init; } = "";

    /// <summary>The body; for a workflow step its result.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>prepared (not done), succeed or failed.</summary>
    public required string Status { get; init; }

    /// <summary>
    /// Attempts with a response, of any kind; 0 if the coordinator does not return it (only OrleansDtm does).
    /// </summary>
    public int Attempts { get; init; }

    /// <summary>Null = no attempt failed, or unknown.</summary>
    public string? LastError { get; init; }

    /// <summary>Null = unfinished.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The call is put aside: it waits for an operator.</summary>
    public bool Parked { get; init; }

    /// <summary>What the action answered, if the transaction keeps results; null = nothing yet.</summary>
    public StepAnswer? Result { get; init; }
}

/// <summary>Filter of a listing.</summary>
public sealed class TransactionFilter
{
    /// <summary>Null (default) = any.</summary>
    public GlobalStatus? Status { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow. Null (default) = any.</summary>
    public string? TransType { get; init; }

    /// <summary>
    /// Only with all these tags: <c>order:4711</c>, or <c>order:47*</c> for all values that start so. OrleansDtm only,
    /// as the next three. Default: none.
    /// </summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Only gids that start with this text. Null (default) = any.</summary>
    public string? GidPrefix { get; init; }

    /// <summary>
    /// Only with a call to this host, or host:port. Null (default) = any. No index answers it: the coordinator reads a
    /// limited number of transactions for a page, which may have few or none and a <see cref="TransactionPage.Next"/>.
    /// </summary>
    public string? Host { get; init; }

    /// <summary>
    /// Only unfinished transactions with a call whose last error contains this text, ignoring case. Null (default) =
    /// any. Pages are as for <see cref="Host"/>.
    /// </summary>
    public string? Error { get; init; }

    /// <summary>Created then or later. Null (default) = any time.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Created then or before. Null (default) = any time.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>
    /// True = only transactions with a call that is put aside; OrleansDtm only. Default: all.
    /// </summary>
    public bool Parked { get; init; }

    /// <summary>Maximum number. Default: 100.</summary>
    public int Limit { get; init; } = 100;

    /// <summary><see cref="TransactionPage.Next"/> of the previous page. Null (default) = the first.</summary>
    public string? Position { get; init; }
}

/// <summary>A page of a listing, newest first.</summary>
/// <param name="Transactions">Without their branches.</param>
/// <param name="Next">Position of the next page; null = this is the last.</param>
public sealed record TransactionPage(IReadOnlyList<TransactionInfo> Transactions, string? Next);

/// <summary>A subscriber of a topic.</summary>
/// <param name="Url">The subscriber.</param>
/// <param name="Remark">A note; may be empty.</param>
public sealed record TopicSubscriber(string Url, string Remark);
