namespace OrleansDtm.Client;

/// <summary>How a transaction stands, with its branches. Times are UTC.</summary>
public sealed class TransactionInfo
{
    /// <summary>Which.</summary>
    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    public required string TransType { get; init; }

    /// <summary>Where it stands.</summary>
    public required GlobalStatus Status { get; init; }

    /// <summary>When it was stored; null = the coordinator did not say.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>When it last changed; null = the coordinator did not say.</summary>
    public DateTimeOffset? Updated { get; init; }

    /// <summary>When it ended; null = it has not.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>When something happens next by itself, of one that has not ended; null = the coordinator did not say.</summary>
    public DateTimeOffset? NextRetry { get; init; }

    /// <summary>Why it turned back; empty when it did not.</summary>
    public string RollbackReason { get; init; } = "";

    /// <summary>What a workflow returned, as the coordinator keeps it (base64); empty otherwise.</summary>
    public string Result { get; init; } = "";

    /// <summary>DTM's custom_data; empty when there is none.</summary>
    public string CustomData { get; init; } = "";

    /// <summary>In the coordinator's order: compensation before action, cancel before confirm. Empty in a listing.</summary>
    public IReadOnlyList<BranchInfo> Branches { get; init; } = [];

    /// <summary>As a submit would be answered now.</summary>
    public TransactionResult ToResult() => new(
        Gid, Status, RollbackReason, Finished is null ? LastError() ?? "" : "");

    /// <summary>
    /// Of a call that waits for its retry; else of one that is done, such as the refusal that turned it back.
    /// </summary>
    private string? LastError() => Branches
        .Where(static branch => !string.IsNullOrEmpty(branch.LastError))
        .OrderBy(static branch => branch.Finished is null && branch.Status == "prepared")
        .LastOrDefault()?.LastError;
}

/// <summary>A call of a branch and how far it has come.</summary>
public sealed class BranchInfo
{
    /// <summary>"01", "02", ...</summary>
    public required string BranchId { get; init; }

    /// <summary>See <see cref="BranchOps"/>.</summary>
    public required string Op { get; init; }

    /// <summary>Whom it calls; empty = nobody has to be called.</summary>
    public string Url { get; init; } = "";

    /// <summary>Its body; for a step of a workflow its result.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>prepared (not done), succeed or failed.</summary>
    public required string Status { get; init; }

    /// <summary>Answers so far, of any kind; 0 where the coordinator does not tell (only OrleansDtm does).</summary>
    public int Attempts { get; init; }

    /// <summary>Null = no attempt failed, or the coordinator does not tell.</summary>
    public string? LastError { get; init; }

    /// <summary>Null = it is not done.</summary>
    public DateTimeOffset? Finished { get; init; }
}

/// <summary>Which transactions to list; what is not said does not matter.</summary>
public sealed class TransactionFilter
{
    /// <summary>Null (default) = any.</summary>
    public GlobalStatus? Status { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow. Null (default) = any.</summary>
    public string? TransType { get; init; }

    /// <summary>Created then or later. Null (default) = any time.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Created then or before. Null (default) = any time.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>At most so many. Default: 100.</summary>
    public int Limit { get; init; } = 100;

    /// <summary><see cref="TransactionPage.Next"/> of the page before. Null (default) = the first.</summary>
    public string? Position { get; init; }
}

/// <summary>A page of a listing, newest first.</summary>
/// <param name="Transactions">Without their branches.</param>
/// <param name="Next">Where the next page starts; null = this was the last.</param>
public sealed record TransactionPage(IReadOnlyList<TransactionInfo> Transactions, string? Next);

/// <summary>Who is called for each message of a topic.</summary>
/// <param name="Url">The subscriber.</param>
/// <param name="Remark">For people; may be empty.</param>
public sealed record TopicSubscriber(string Url, string Remark);
