namespace OrleansDtm.Abstractions;

/// <summary>Which call a branch is being asked to do: together the values are the same each time the call is repeated.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-context")]
public sealed record BranchContext
{
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>01, 02, 01-01, ...; 00 for query_prepared; empty for callback_url.</summary>
    [Id(1)]
    public required string BranchId { get; init; }

    /// <summary>action, compensate, confirm, cancel, commit, rollback, msg, notice, or the name of a workflow.</summary>
    [Id(2)]
    public required string Op { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    [Id(3)]
    public required string Type { get; init; }

    /// <summary>The transaction's branch_headers; null = none.</summary>
    [Id(4)]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}

/// <summary>
/// What a grain's method may return to say how it went. Returning anything else, or nothing, is success.
/// </summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-result")]
public sealed record BranchResult
{
    /// <summary>It is done, or was done before.</summary>
    public static BranchResult Done { get; } = new() { Outcome = BranchOutcome.Succeeded };

    [Id(0)]
    public required BranchOutcome Outcome { get; init; }

    /// <summary>Why it did not succeed; null on success.</summary>
    [Id(1)]
    public string? Reason { get; init; }

    /// <summary>It must not happen: a saga is rolled back. Where nothing can be refused any more (compensate, confirm, ...) it is retried.</summary>
    public static BranchResult Failed(string reason) => new() { Outcome = BranchOutcome.Failed, Reason = reason };

    /// <summary>Still at it: ask again after the retry interval.</summary>
    public static BranchResult Ongoing(string? reason = null) => new() { Outcome = BranchOutcome.Ongoing, Reason = reason };
}

/// <summary>Thrown by a branch that must not happen; like <see cref="BranchResult.Failed"/>. The message is the reason.</summary>
[GenerateSerializer, Alias("dtm.branch-failed")]
public sealed class BranchFailureException : Exception
{
    public BranchFailureException(string reason)
        : base(reason)
    {
    }

    public BranchFailureException(string reason, Exception inner)
        : base(reason, inner)
    {
    }
}

/// <summary>Thrown by a branch that is still at it; like <see cref="BranchResult.Ongoing"/>. The message is the reason.</summary>
[GenerateSerializer, Alias("dtm.branch-ongoing")]
public sealed class BranchOngoingException : Exception
{
    public BranchOngoingException(string reason)
        : base(reason)
    {
    }

    public BranchOngoingException(string reason, Exception inner)
        : base(reason, inner)
    {
    }
}
