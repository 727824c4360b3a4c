namespace OrleansDtm.Import;

/// <summary>A row of DTM's <c>trans_global</c>. Texts are empty, never null; times are null if DTM has none.</summary>
internal sealed record DtmTransaction
{
    public long Id { get; init; }

    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow, or a type of a later DTM.</summary>
    public required string Type { get; init; }

    public required string Status { get; init; }

    public string QueryPrepared { get; init; } = "";

    public string Protocol { get; init; } = "";

    /// <summary>JSON of the submitter's options, such as timeouts and headers; empty = none.</summary>
    public string Options { get; init; } = "";

    public string CustomData { get; init; } = "";

    /// <summary>JSON with the headers of the submission that each call gets; empty = none.</summary>
    public string ExtData { get; init; } = "";

    public string Result { get; init; } = "";

    public string RollbackReason { get; init; } = "";

    public DateTimeOffset? Created { get; init; }

    public DateTimeOffset? Updated { get; init; }

    /// <summary>The time of DTM's next attempt.</summary>
    public DateTimeOffset? NextTry { get; init; }

    /// <summary>
    /// Seconds between its last two attempts: the retry interval, doubled for each consecutive error; 0 = unknown.
    /// </summary>
    public long NextInterval { get; init; }

    /// <summary>A value that cannot be read, such as a date without a day; null = none.</summary>
    public string? Problem { get; init; }
}

/// <summary>A row of DTM's <c>trans_branch_op</c>.</summary>
internal sealed record DtmBranch
{
    public required string Gid { get; init; }

    public required string BranchId { get; init; }

    public required string Op { get; init; }

    public required string Status { get; init; }

    public string Url { get; init; } = "";

    public ReadOnlyMemory<byte> Data { get; init; }

    public DateTimeOffset? Created { get; init; }

    /// <summary>The time it succeeded or failed; null before.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>A value that cannot be read; null = none.</summary>
    public string? Problem { get; init; }
}

/// <summary>A row of DTM's <c>kv</c> in category topics.</summary>
/// <param name="Id">The topics are paged by it.</param>
/// <param name="Topic">Its name.</param>
/// <param name="Value">JSON: [{"url":..,"remark":..}].</param>
internal sealed record DtmTopic(long Id, string Topic, string Value);
