using System.Text.Json;
using OrleansDtm.Shared;

namespace OrleansDtm.Abstractions;

/// <summary>The call that a branch receives. The values are the same each time the call is repeated.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-context")]
public sealed record BranchContext
{
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>01, 02, 01-01, ...; 00 for query_prepared; empty for callback_url.</summary>
    [Id(1)]
    public required string BranchId { get; init; }

    /// <summary>
    /// action, compensate, confirm, cancel, commit, rollback, msg, notice, or the name of a workflow.
    /// </summary>
    [Id(2)]
    public required string Op { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    [Id(3)]
    public required string Type { get; init; }

    /// <summary>The transaction's branch_headers; null = none.</summary>
    [Id(4)]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>
    /// The return value of the method becomes the result of the step: the transaction was submitted with Results.
    /// </summary>
    [Id(5)]
    public bool KeepsResult { get; init; }

    /// <summary>
    /// The namespace of the transaction; null = the default one. The same gid may exist in several namespaces.
    /// </summary>
    [Id(6)]
    public string? Namespace { get; init; }
}

/// <summary>The result of a grain's method. Returning another type, or nothing, is success.</summary>
[GenerateSerializer, Immutable, Alias("dtm.branch-result")]
public sealed record BranchResult
{
    /// <summary>The call succeeded, now or before.</summary>
    public static BranchResult Done { get; } = new() { Outcome = BranchOutcome.Succeeded };

    [Id(0)]
    public required BranchOutcome Outcome { get; init; }

    /// <summary>The reason if it did not succeed; null on success.</summary>
    [Id(1)]
    public string? Reason { get; init; }

    /// <summary>
    /// The result of the step, for other steps and the submitter, nearly always JSON; null = none. Used if
    /// <see cref="BranchContext.KeepsResult"/>.
    /// </summary>
    [Id(2)]
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>Why the result is missing, for example because it cannot be serialized; null = it is not.</summary>
    [Id(3)]
    public string? ValueOmitted { get; init; }

    /// <summary>The call succeeded, with a result as JSON.</summary>
    /// <param name="value">Serialized with the web defaults of System.Text.Json: names in camel case.</param>
    public static BranchResult With<T>(T value) => new()
    {
        Outcome = BranchOutcome.Succeeded,
        Value = JsonSerializer.SerializeToUtf8Bytes(value, WebJson.Options),
    };

    /// <summary>
    /// The call failed: a saga is rolled back. Where failure is not possible (compensate, confirm, ...) it is retried.
    /// </summary>
    public static BranchResult Failed(string reason) => new() { Outcome = BranchOutcome.Failed, Reason = reason };

    /// <summary>In progress: the coordinator calls again after the retry interval.</summary>
    public static BranchResult Ongoing(string? reason = null) =>
        new() { Outcome = BranchOutcome.Ongoing, Reason = reason };
}

/// <summary>
/// The branch failed, do not retry; like <see cref="BranchResult.Failed"/>. The message is the reason.
/// </summary>
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

/// <summary>The branch is in progress; like <see cref="BranchResult.Ongoing"/>. The message is the reason.</summary>
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
