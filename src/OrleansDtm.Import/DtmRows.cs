namespace OrleansDtm.Import;

/// <summary>A row of DTM's <c>trans_global</c>. Texts are empty, never null; moments are null where DTM has none.</summary>
internal sealed record DtmTransaction
{
    public long Id { get; init; }

    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow, or what a later DTM may know.</summary>
    public required string Type { get; init; }

    public required string Status { get; init; }

    public string QueryPrepared { get; init; } = "";

    public string Protocol { get; init; } = "";

    /// <summary>JSON of what the submitter asked for: timeouts, headers, ...; empty = nothing.</summary>
    public string Options { get; init; } = "";

    public string CustomData { get; init; } = "";

    /// <summary>JSON with the headers that came with the submission and go along with each call; empty = none.</summary>
    public string ExtData { get; init; } = "";

    public string Result { get; init; } = "";

    public string RollbackReason { get; init; } = "";

    public DateTimeOffset? Created { get; init; }

    public DateTimeOffset? Updated { get; init; }

    /// <summary>When DTM meant to look at it again.</summary>
    public DateTimeOffset? NextTry { get; init; }

    /// <summary>Seconds between its last two looks: the retry interval, doubled for each error in a row; 0 = not known.</summary>
    public long NextInterval { get; init; }
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

    /// <summary>When it was done or refused; null before.</summary>
    public DateTimeOffset? Finished { get; init; }
}

/// <summary>A row of DTM's <c>kv</c> in category topics.</summary>
/// <param name="Id">The keyset.</param>
/// <param name="Topic">Its name.</param>
/// <param name="Value">JSON: [{"url":..,"remark":..}].</param>
internal sealed record DtmTopic(long Id, string Topic, string Value);
