using System.Text.Json;
using Google.Protobuf.Collections;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Server.Apis;

/// <summary>Converts gRPC requests.</summary>
internal static class GrpcRequests
{
    private static readonly DtmTransOptions NothingSaid = new();
    private static readonly DtmRequest NothingAsked = new();

    /// <exception cref="RequestException">The JSON of the steps is invalid.</exception>
    public static TransactionRequest Of(Submission message)
    {
        var request = Of(message.Request ?? NothingAsked);
        request.Concurrent = message.Concurrent ? true : null;
        request.Tags = Map(message.Tags);
        request.CallbackUrl = message.CallbackUrl.Length > 0 ? message.CallbackUrl : null;
        request.Results = message.Results ? true : null;
        request.BinCompensatePayloads = message.CompensatePayloads.Count == 0
            ? null
            : [.. message.CompensatePayloads.Select(
                static p => p.HasPayload ? (ReadOnlyMemory<byte>?)p.Payload.Memory : null)];
        request.GiveUpAfter = message.GiveUpAfter;
        request.GiveUpAfterSeconds = message.GiveUpAfterSeconds;
        request.TimeoutToFail = message.HasTimeoutToFail ? message.TimeoutToFail : request.TimeoutToFail;
        request.RetryInterval = message.HasRetryInterval ? message.RetryInterval : request.RetryInterval;
        request.RequestTimeout = message.HasRequestTimeout ? message.RequestTimeout : request.RequestTimeout;
        return request;
    }

    /// <exception cref="RequestException">The JSON of the steps is invalid.</exception>
    public static TransactionRequest Of(DtmRequest message)
    {
        var options = message.TransOptions ?? NothingSaid;
        return new TransactionRequest
        {
            Gid = message.Gid,
            TransType = message.TransType,
            Protocol = "grpc",
            Steps = Steps(message.Steps),
            BinPayloads = [.. message.BinPayloads.Select(static p => p.Memory)],
            QueryPrepared = message.QueryPrepared,
            CustomData = message.CustomedData,
            RollbackReason = message.RollbackReason,
            ReqExtra = Map(message.ReqExtra),
            WaitResult = options.WaitResult ? true : null, // proto3 cannot distinguish false from unset.
            TimeoutToFail = options.TimeoutToFail,
            RetryInterval = options.RetryInterval,
            RequestTimeout = options.RequestTimeout,
            RetryLimit = options.RetryLimit,
            BranchHeaders = Map(options.BranchHeaders),
        };
    }

    public static RegisterRequest Of(DtmBranchRequest message)
    {
        var fields = new Dictionary<string, string>(message.Data);
        if (message.Op.Length > 0)
        {
            fields.TryAdd("op", message.Op); // SDKs send it in the data; the field of that name means the same.
        }

        return new RegisterRequest
        {
            Gid = message.Gid,
            TransType = message.TransType,
            BranchId = message.BranchID,
            Data = message.BusiPayload.Memory,
            Fields = fields,
        };
    }

    private static List<StepRequest?>? Steps(string json)
    {
        if (json.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, ProtocolJson.Default.ListStepRequest)!;
        }
        catch (JsonException e)
        {
            throw new RequestException(
                "steps",
                $"is not the JSON of a list, [{{\"action\":url,\"compensate\":url}}]: wrong at {e.Path ?? "$"}");
        }
    }

    private static Dictionary<string, string?>? Map(MapField<string, string> map) =>
        map.Count == 0 ? null : map.ToDictionary(static p => p.Key, static string? (p) => p.Value);
}
