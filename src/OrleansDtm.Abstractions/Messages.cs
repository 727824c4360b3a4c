using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansDtm.Shared;

namespace OrleansDtm.Abstractions;

/// <summary>A step of a saga or a message: action, compensation and payload.</summary>
[GenerateSerializer, Immutable, Alias("dtm.step")]
public sealed record StepMessage
{
    /// <summary>URL of the action; empty = none.</summary>
    [Id(0)]
    public string Action { get; init; } = "";

    /// <summary>URL of the compensation; empty = none.</summary>
    [Id(1)]
    public string Compensate { get; init; } = "";

    /// <summary>The body of both calls; may be empty.</summary>
    [Id(2)]
    public byte[] Payload { get; init; } = [];

    /// <summary>Options of the action; null = the transaction's.</summary>
    [Id(3)]
    public StepPolicy? Policy { get; init; }

    /// <summary>Options of the compensation; null = the transaction's.</summary>
    [Id(4)]
    public StepPolicy? CompensatePolicy { get; init; }

    /// <summary>The body of the compensation; null = <see cref="Payload"/>.</summary>
    [Id(5)]
    public byte[]? CompensatePayload { get; init; }

    /// <summary>Without secrets.</summary>
    public override string ToString() => nameof(StepMessage);
}

/// <summary>The kind of a reply.</summary>
[GenerateSerializer, Alias("dtm.reply-kind")]
public enum ReplyKind
{
    None = 0,
    Ok = 1,

    /// <summary>The transaction's status does not allow it.</summary>
    Conflict = 2,
    NotFound = 3,

    /// <summary>The request is invalid.</summary>
    Invalid = 4,

    /// <summary>The store does not respond; the request may be repeated.</summary>
    Unavailable = 5,

    /// <summary>
    /// The transaction is larger than the store accepts; nothing was stored, and a retry gets the same answer.
    /// </summary>
    TooLarge = 6,

    /// <summary>The caller has too many unfinished transactions; nothing was stored.</summary>
    TooMany = 7,
}

/// <summary>The reply of a transaction.</summary>
[GenerateSerializer, Immutable, Alias("dtm.reply")]
public sealed record TransactionReply
{
    [Id(0)]
    public required ReplyKind Kind { get; init; }

    /// <summary>The reason; empty when <see cref="Kind"/> is Ok.</summary>
    [Id(1)]
    public string Message { get; init; } = "";

    /// <summary>The status after the request, in DTM's words; empty when there is no transaction.</summary>
    [Id(2)]
    public string Status { get; init; } = "";

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    [Id(3)]
    public string RollbackReason { get; init; } = "";

    /// <summary>The latest error of a branch, of an unfinished transaction; empty when there is none.</summary>
    [Id(4)]
    public string LastError { get; init; } = "";

    /// <summary>
    /// The prepare requested the wait: the reply came at the end or when the transaction waits for a retry.
    /// </summary>
    [Id(5)]
    public bool Waited { get; init; }

    /// <summary>The results of the actions, of a transaction that keeps them; null = none.</summary>
    [Id(6)]
    public StepAnswer[]? Results { get; init; }
}

/// <summary>The result of a step: what its action answered.</summary>
[GenerateSerializer, Immutable, Alias("dtm.step-answer")]
public sealed record StepAnswer
{
    /// <summary>The branch id: 01, 02, ...</summary>
    [Id(0)]
    public required string BranchId { get; init; }

    /// <summary>The answer as the service sent it, decompressed; of a grain, its return value as JSON.</summary>
    [Id(1)]
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Why the body is missing, for example because it is too long; null = it is complete.</summary>
    [Id(2)]
    public string? Omitted { get; init; }

    /// <summary>Deserializes the body.</summary>
    /// <param name="json">Null = those of <see cref="JsonSerializerDefaults.Web"/>.</param>
    /// <exception cref="InvalidOperationException">The body was not kept.</exception>
    /// <exception cref="JsonException">It is not the JSON of a T.</exception>
    public T? Read<T>(JsonSerializerOptions? json = null) => Omitted is null
        ? JsonSerializer.Deserialize<T>(Body.Span, json ?? WebJson.Options)
        : throw new InvalidOperationException($"The result of step {BranchId} was not kept: {Omitted}");
}

/// <summary>
/// A part of the result of an earlier step, as a value in the payload of another step. The coordinator replaces it when
/// it makes the call.
/// </summary>
/// <param name="BranchId">The branch id of the step: 01, 02, ...</param>
/// <param name="Pointer">The part: a JSON Pointer (RFC 6901) such as <c>/reservation/id</c>; empty = all of it.</param>
public sealed record ResultPart(
    [property: JsonPropertyName("$result")] string BranchId,
    [property: JsonPropertyName("pointer")] string Pointer = "");

/// <summary>The outcome of a grain's method; see <see cref="BranchResult"/>.</summary>
[GenerateSerializer, Alias("dtm.branch-outcome")]
public enum BranchOutcome
{
    None = 0,
    Succeeded = 1,
    Failed = 2,
    Ongoing = 3,

    /// <summary>It may have run: it is retried.</summary>
    Unknown = 4,
}
