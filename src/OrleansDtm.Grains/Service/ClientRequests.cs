using System.Globalization;
using System.Text.Json;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Service;

/// <summary>Converts requests of Orleans clients to DTM's API contract, so that the same validation applies.</summary>
internal static class ClientRequests
{
    /// <exception cref="RequestException">The request is too large or sets one option in two places.</exception>
    public static TransactionRequest Of(TransactionRequestMessage message, int bytesMax)
    {
        var steps = message.Steps ?? [];
        CheckSize(
            steps.Sum(static s => (s?.Payload?.Length ?? 0) + (long)(s?.CompensatePayload?.Length ?? 0))
                + (message.WorkflowData?.Length ?? 0),
            [message.CustomData, message.QueryPrepared, message.CallbackUrl, message.WorkflowName, .. steps.SelectMany(
                static s => new[] { s?.Action, s?.Compensate }),
                .. steps.SelectMany(static s => HeadersOf(s?.Policy).Concat(HeadersOf(s?.CompensatePolicy)))],
            bytesMax);
        return new TransactionRequest
        {
            Gid = Namespaces.Plain(message.Gid ?? ""),
            TransType = message.Type,
            Protocol = message.Protocol,
            Steps = [.. steps.Select(Of)],
            BinPayloads = [.. steps.Select(static s => (ReadOnlyMemory<byte>)(s?.Payload ?? []))],
            BinCompensatePayloads = [.. steps.Select(
                static s => s?.CompensatePayload is { } own ? (ReadOnlyMemory<byte>?)own : null)],
            Results = message.Results ? true : null,
            QueryPrepared = message.QueryPrepared,
            CustomData = CustomData(message),
            BranchHeaders = message.BranchHeaders?.ToDictionary(static h => h.Key, static string? (h) => h.Value),
            Tags = message.Tags?.ToDictionary(static t => t.Key, static string? (t) => t.Value),
            TimeoutToFail = message.TimeoutToFail?.TotalSeconds,
            RetryInterval = message.RetryInterval?.TotalSeconds,
            RequestTimeout = message.RequestTimeout?.TotalSeconds,
            RetryLimit = message.RetryLimit,
            Concurrent = message.Concurrent ? true : null,
            WaitResult = message.WaitResult ? true : null,
            CallbackUrl = message.CallbackUrl,
            GiveUpAfter = message.GiveUpAfter,
            GiveUpAfterSeconds = message.GiveUpAfterTime?.TotalSeconds,
            TraceParent = message.TraceParent,
            TraceState = message.TraceState,
        };
    }

    private static IEnumerable<string?> HeadersOf(StepPolicy? policy) =>
        policy?.Headers?.SelectMany(static h => new[] { h.Key, h.Value }) ?? [];

    private static StepRequest? Of(StepMessage? step)
    {
        if (step is null)
        {
            return null;
        }

        var request = new StepRequest { Action = step.Action, Compensate = step.Compensate };
        if (step.Policy is { } policy)
        {
            Fill(request, policy);
        }

        if (step.CompensatePolicy is { } compensate)
        {
            request.CompensatePolicy = new CompensatePolicyRequest();
            Fill(request.CompensatePolicy, compensate);
        }

        return request;
    }

    private static void Fill(CallPolicyRequest request, StepPolicy policy)
    {
        request.RetryLimit = policy.RetryLimit;
        request.RetryInterval = policy.RetryInterval?.TotalSeconds;
        request.RetryBackoff = policy.ConstantBackoff ? "constant" : null;
        request.RetryIntervalMax = policy.RetryIntervalMax?.TotalSeconds;
        request.RequestTimeout = policy.RequestTimeout?.TotalSeconds;
        request.TimeoutToFail = policy.TimeoutToFail?.TotalSeconds;
        request.Headers = policy.Headers?.ToDictionary(static h => h.Key, static string? (h) => h.Value);
        request.GiveUpAfter = policy.GiveUpAfter;
        request.GiveUpAfterSeconds = policy.GiveUpAfterTime?.TotalSeconds;
    }

    public static RegisterRequest Of(BranchRegistration branch) => new()
    {
        Gid = Namespaces.Plain(branch.Gid ?? ""),
        TransType = branch.Type,
        BranchId = branch.BranchId,
        Data = branch.Payload,
        Fields = new Dictionary<string, string>
        {
            ["confirm"] = branch.Confirm,
            ["cancel"] = branch.Cancel,
            ["url"] = branch.Url,
            ["op"] = branch.Op,
            ["status"] = branch.Status,
        },
    };

    /// <exception cref="RequestException">The request is too large.</exception>
    public static void CheckSize(long payloads, IEnumerable<string?> texts, int bytesMax)
    {
        var bytes = payloads + texts.Sum(static text => (long)(text?.Length ?? 0));
        if (bytes > bytesMax)
        {
            throw new RequestException("payloads", string.Create(
                CultureInfo.InvariantCulture, $"have {bytes} bytes with all texts; the maximum is {bytesMax}"));
        }
    }

    /// <summary>Returns the custom data, in which DTM stores options that have no field.</summary>
    private static string CustomData(TransactionRequestMessage message)
    {
        var made = message.Type switch
        {
            "saga" when message.Orders is { Count: > 0 } orders => JsonSerializer.Serialize(
                new SagaCustomData
                {
                    Concurrent = message.Concurrent,
                    Orders = orders.ToDictionary(
                        static o => o.Key.ToString(CultureInfo.InvariantCulture), static int[]? (o) => o.Value),
                },
                ProtocolJson.Readable.SagaCustomData),
            "msg" when message.Delay is { } delay && delay != TimeSpan.Zero => JsonSerializer.Serialize(
                new MsgCustomData { Delay = delay.TotalSeconds }, ProtocolJson.Readable.MsgCustomData),
            "workflow" when message.WorkflowName is { Length: > 0 } || message.WorkflowData is { Length: > 0 } =>
                JsonSerializer.Serialize(
                    new WorkflowCustomData { Name = message.WorkflowName, Data = message.WorkflowData },
                    ProtocolJson.Readable.WorkflowCustomData),
            _ => "",
        };
        return string.IsNullOrEmpty(message.CustomData) ? made
            : made.Length == 0 ? message.CustomData
            : throw new RequestException(
                "custom_data", $"cannot be set together with the options of a {message.Type} that are stored in it");
    }
}
