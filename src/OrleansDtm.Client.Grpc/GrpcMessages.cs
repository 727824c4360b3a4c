using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;
using Branch = OrleansDtm.Protocol.Coordination.Branch;

namespace OrleansDtm.Client.Grpc;

/// <summary>Converts the SDK's requests and responses to messages of the gRPC API.</summary>
internal static class GrpcMessages
{
    /// <summary>DTM's message, in whole seconds; fractions are rounded up.</summary>
    public static DtmRequest Dtms(TransactionRequest request)
    {
        var message = new DtmRequest
        {
            Gid = request.Gid ?? "",
            TransType = request.TransType ?? "",
            TransOptions = new DtmTransOptions
            {
                WaitResult = request.WaitResult ?? false,
                TimeoutToFail = Seconds(request.TimeoutToFail),
                RetryInterval = Seconds(request.RetryInterval),
                RequestTimeout = Seconds(request.RequestTimeout),
                RetryLimit = request.RetryLimit ?? 0,
            },
            CustomedData = request.CustomData ?? "",
            QueryPrepared = request.QueryPrepared ?? "",
            Steps = request.Steps is null ? ""
                : JsonSerializer.Serialize(
                    request.Steps.ConvertAll(static step => step!), HttpCoordinator.Written.ListStepRequest),
            RollbackReason = request.RollbackReason ?? "",
        };
        message.BinPayloads.AddRange(
            (request.BinPayloads ?? []).Select(static payload => ByteString.CopyFrom(payload.Span)));
        Add(message.TransOptions.BranchHeaders, request.BranchHeaders);
        Add(message.ReqExtra, request.ReqExtra);
        return message;
    }

    /// <summary>OrleansDtm's message, with all options.</summary>
    public static Submission Ours(TransactionRequest request)
    {
        var message = new Submission
        {
            Request = Dtms(request),
            Concurrent = request.Concurrent ?? false,
            CallbackUrl = request.CallbackUrl ?? "",
            Results = request.Results ?? false,
            GiveUpAfter = request.GiveUpAfter ?? 0,
            GiveUpAfterSeconds = request.GiveUpAfterSeconds ?? 0,
        };
        Add(message.Tags, request.Tags);
        foreach (var payload in request.BinCompensatePayloads ?? [])
        {
            var own = new OwnPayload();
            if (payload is { } bytes)
            {
                own.Payload = ByteString.CopyFrom(bytes.Span);
            }

            message.CompensatePayloads.Add(own);
        }

        if (request.TimeoutToFail is { } timeout)
        {
            message.TimeoutToFail = timeout;
        }

        if (request.RetryInterval is { } interval)
        {
            message.RetryInterval = interval;
        }

        if (request.RequestTimeout is { } limit)
        {
            message.RequestTimeout = limit;
        }

        return message;
    }

    /// <summary>Whether DTM's message has all options, except for fractions of seconds.</summary>
    public static bool FitsDtm(TransactionRequest request) =>
        request.Concurrent != true
            && string.IsNullOrEmpty(request.CallbackUrl)
            && request.Tags is not { Count: > 0 }
            && request is { Results: not true, BinCompensatePayloads: null }
            && request is { GiveUpAfter: null, GiveUpAfterSeconds: null }
            && request.Steps?.Exists(static step => step is not null && IsExtended(step)) != true;

    private static bool IsExtended(StepRequest step) => step is not
    {
        RetryLimit: null,
        RetryInterval: null,
        RetryBackoff: null,
        RetryIntervalMax: null,
        RequestTimeout: null,
        TimeoutToFail: null,
        Headers: null,
        GiveUpAfter: null,
        GiveUpAfterSeconds: null,
        CompensatePolicy: null,
    };

    /// <summary>Whether DTM's message has all options.</summary>
    public static bool FitsDtmExactly(TransactionRequest request) =>
        FitsDtm(request) && IsWhole(request.TimeoutToFail) && IsWhole(request.RetryInterval)
            && IsWhole(request.RequestTimeout);

    public static DtmBranchRequest Of(RegisterRequest request)
    {
        var message = new DtmBranchRequest
        {
            Gid = request.Gid ?? "",
            TransType = request.TransType ?? "",
            BranchID = request.BranchId ?? "",
            BusiPayload = ByteString.CopyFrom(request.Data.Span),
        };
        message.Data.Add(request.Fields.ToDictionary());
        return message;
    }

    public static ListFilter Of(TransactionFilter filter) => new()
    {
        Tags = { filter.Tags },
        GidPrefix = filter.GidPrefix ?? "",
        Host = filter.Host ?? "",
        Error = filter.Error ?? "",
        Status = filter.Status is { } status ? CoordinatorJson.Word(status) : "",
        TransType = filter.TransType ?? "",
        CreatedFrom = filter.CreatedFrom is { } from ? Timestamp.FromDateTimeOffset(from) : null,
        CreatedTo = filter.CreatedTo is { } to ? Timestamp.FromDateTimeOffset(to) : null,
        Limit = filter.Limit,
        Position = filter.Position ?? "",
        Parked = filter.Parked,
    };

    /// <param name="reply">The progress.</param>
    /// <param name="customData">Empty = unknown.</param>
    public static WorkflowProgress Progress(DtmProgressesReply reply, string customData)
    {
        try
        {
            return new WorkflowProgress(
                CoordinatorJson.Status(reply.Transaction?.Status ?? ""),
                reply.Transaction?.RollbackReason ?? "",
                Convert.FromBase64String(reply.Transaction?.Result ?? ""),
                CoordinatorJson.Begun(customData),
                [.. reply.Progresses.Select(
                    static p => RecordedStep.Of(p.BranchID, p.Op, p.Status, p.BinData.Memory)).OfType<RecordedStep>()]);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new DtmUnavailableException(
                $"The coordinator's response violates DTM's protocol: {e.Message}", e);
        }
    }

    /// <summary>Null = there is no such transaction.</summary>
    public static TransactionInfo? Info(QueryReply reply) =>
        reply.Transaction is { } transaction ? Info(transaction, [.. reply.Branches.Select(Info)]) : null;

    public static TransactionPage Page(ListReply reply) =>
        new(
            [.. reply.Transactions.Select(static t => Info(t, []))],
            reply.NextPosition.Length > 0 ? reply.NextPosition : null);

    public static IReadOnlyList<TopicSubscriber> Subscribers(SubscribersReply reply) =>
        [.. reply.Subscribers.Select(static s => new TopicSubscriber(s.Url, s.Remark))];

    private static TransactionInfo Info(Transaction transaction, IReadOnlyList<BranchInfo> branches) => new()
    {
        Gid = transaction.Gid,
        TransType = transaction.TransType,
        Status = CoordinatorJson.Status(transaction.Status),
        Created = transaction.CreateTime?.ToDateTimeOffset(),
        Updated = transaction.UpdateTime?.ToDateTimeOffset(),
        Finished = transaction.FinishTime?.ToDateTimeOffset(),
        NextRetry = transaction.NextCronTime?.ToDateTimeOffset(),
        RollbackReason = transaction.RollbackReason,
        Result = transaction.Result,
        CustomData = transaction.CustomData,
        Parked = transaction.Parked,
        Tags = transaction.Tags.ToDictionary(),
        Branches = branches,
    };

    private static BranchInfo Info(Branch branch) => new()
    {
        BranchId = branch.BranchId,
        Op = branch.Op,
        Url = branch.Url,
        Payload = branch.BinData.Memory,
        Status = branch.Status,
        Attempts = branch.Attempts,
        LastError = branch.LastError.Length > 0 ? branch.LastError : null,
        Finished = branch.FinishTime?.ToDateTimeOffset(),
        Parked = branch.Parked,
        Result = branch.HasResult || branch.ResultOmitted.Length > 0
            ? new StepAnswer(
                branch.BranchId, branch.Result.Memory, branch.ResultOmitted.Length > 0 ? branch.ResultOmitted : null)
            : null,
    };

    public static StepAnswer Answer(StepResult result) =>
        new(result.BranchId, result.Result.Memory, result.Omitted.Length > 0 ? result.Omitted : null);

    private static void Add(MapField<string, string> map, Dictionary<string, string?>? values)
    {
        foreach (var (name, value) in values ?? [])
        {
            map[name] = value ?? "";
        }
    }

    private static long Seconds(double? seconds) => (long)Math.Ceiling(seconds ?? 0);

    private static bool IsWhole(double? seconds) => seconds is not { } value || value == Math.Ceiling(value);
}
