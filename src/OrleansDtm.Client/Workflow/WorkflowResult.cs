using System.Text.Json;

namespace OrleansDtm.Client;

/// <summary>The result of a workflow, the same for all callers, now or later.</summary>
public sealed class WorkflowResult
{
    private readonly DtmOptions _options;

    internal WorkflowResult(
        string gid, GlobalStatus status, string reason, ReadOnlyMemory<byte> data, DtmOptions options)
    {
        (Gid, Status, RollbackReason, Data) = (gid, status, reason, data);
        _options = options;
    }

    /// <summary>The gid.</summary>
    public string Gid { get; }

    /// <summary>Succeeded or Failed.</summary>
    public GlobalStatus Status { get; }

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    public string RollbackReason { get; }

    /// <summary>Its result, byte for byte; empty when there is none or it was rolled back.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>It succeeded.</summary>
    public bool Succeeded => Status == GlobalStatus.Succeeded;

    /// <summary>
    /// Its result. Bytes (byte[] or ReadOnlyMemory) and protobuf messages unchanged, others from JSON with
    /// <see cref="DtmOptions.Json"/>.
    /// </summary>
    /// <returns>Null (or the type's default) when there is none.</returns>
    /// <exception cref="JsonException">The result is not such JSON.</exception>
    public T? Read<T>() => Payload.Read<T>(Data, _options);

    /// <summary>Throws if it was rolled back.</summary>
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
