using System.Text.Json;

namespace OrleansDtm.Client;

/// <summary>How a workflow ended. The same for everybody who executes it, now or later.</summary>
public sealed class WorkflowResult
{
    private readonly JsonSerializerOptions _json;

    internal WorkflowResult(string gid, GlobalStatus status, string reason, ReadOnlyMemory<byte> data, JsonSerializerOptions json)
    {
        (Gid, Status, RollbackReason, Data) = (gid, status, reason, data);
        _json = json;
    }

    /// <summary>Which.</summary>
    public string Gid { get; }

    /// <summary>Succeeded or Failed.</summary>
    public GlobalStatus Status { get; }

    /// <summary>Why it was rolled back; empty when it was not.</summary>
    public string RollbackReason { get; }

    /// <summary>What it returned, byte for byte; empty when it returned nothing or was rolled back.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>It was not rolled back.</summary>
    public bool Succeeded => Status == GlobalStatus.Succeeded;

    /// <summary>
    /// What it returned. Bytes (byte[] or ReadOnlyMemory) and messages of protocol buffers as they are, anything else from JSON by
    /// <see cref="DtmOptions.Json"/>.
    /// </summary>
    /// <returns>Null (or the type's default) when it returned null or nothing.</returns>
    /// <exception cref="JsonException">It returned something else.</exception>
    public T? Read<T>() => Payload.Read<T>(Data, _json);

    /// <summary>For whom a rollback is an error.</summary>
    /// <returns>This result.</returns>
    /// <exception cref="TransactionFailedException">It was rolled back.</exception>
    public WorkflowResult EnsureSucceeded() => Succeeded
        ? this
        : throw new TransactionFailedException($"The workflow {Gid} was rolled back: {RollbackReason}")
        {
            Gid = Gid,
            Status = Status,
            Reason = RollbackReason,
        };
}
