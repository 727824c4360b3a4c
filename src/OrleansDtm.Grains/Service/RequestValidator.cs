using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Invokers;
using OrleansDtm.Protocol;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Converts a request to a submission or reports the invalid field. Nothing is stored or called for an invalid request.
/// </summary>
/// <param name="options">Defaults and limits.</param>
/// <param name="grains">The grains that may be branches; null (default) = none.</param>
/// <param name="log">Receives a debug line for each omitted header; null (default) = no log.</param>
public sealed class RequestValidator(
    RequestOptions options, BranchGrainDirectory? grains = null, ILogger<RequestValidator>? log = null)
{
    public const int GidMax = 128;

    /// <summary>The hosts that branch URLs may contain.</summary>
    internal BranchTargets Targets => options.Targets;

    private const double TimeoutSecondsMax = 366 * 86400.0;
    private const double RetrySecondsMax = 7 * 86400.0;
    private const double RequestSecondsMax = 86400.0;
    private const long RetryLimitMax = 1_000_000;
    private const int ReasonMax = 1024;
    private const int StopReasonMax = 256;

    private readonly ILogger _log = log ?? NullLogger<RequestValidator>.Instance;

    /// <summary>Returns a valid gid as it is stored.</summary>
    /// <param name="gid">The gid of the request.</param>
    /// <param name="space">The namespace of the request; empty = the default one.</param>
    /// <exception cref="RequestException">The gid is missing, too long, or contains control characters.</exception>
    public static string Gid(string? gid, string space)
    {
        if (string.IsNullOrEmpty(gid))
        {
            throw new RequestException("gid", "is missing");
        }

        if (gid.Length + Namespaces.Added(space) > GidMax)
        {
            throw new RequestException("gid", TooLong(gid, space, GidMax));
        }

        for (var i = 0; i < gid.Length; i++)
        {
            if (char.IsControl(gid[i]))
            {
                throw new RequestException(
                    "gid",
                    string.Create(CultureInfo.InvariantCulture, $"contains the control character U+{(int)gid[i]:X4}"));
            }

            if (i + 1 < gid.Length && char.IsSurrogatePair(gid[i], gid[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(gid[i]))
            {
                throw new RequestException("gid", "contains an unpaired surrogate");
            }
        }

        return Namespaces.Qualify(space, gid);
    }

    /// <summary>The problem of a text that has too many characters together with its namespace.</summary>
    internal static string TooLong(string text, string space, int max)
    {
        var where = space.Length == 0 ? "" : $" in the namespace '{space}'";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"has {text.Length} characters; the maximum is {max - Namespaces.Added(space)}{where}");
    }

    /// <summary>
    /// Returns the problem of a gid for a new transaction; null = none. Databases of branch services may ignore
    /// trailing white space and would treat two gids as one.
    /// </summary>
    public static RequestException? NewGidProblem(string gid) => char.IsWhiteSpace(gid[^1])
        ? new RequestException("gid", "ends in white space")
        : null;

    /// <summary>Parses the transaction type.</summary>
    public static TransactionType Type(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new RequestException("trans_type", "is missing; one of saga, msg, tcc, xa, workflow");
        }

        var type = Names.Type(name);
        if (type == TransactionType.None)
        {
            throw new RequestException(
                "trans_type", $"'{Printable(name)}' is unknown; one of saga, msg, tcc, xa, workflow");
        }

        return type;
    }

    public static string Reason(string? reason) =>
        reason is null ? "" : reason.Length <= ReasonMax ? reason : reason[..ReasonMax];

    /// <summary>An operator's reason. Shorter, so that the reason from before stays readable behind it.</summary>
    public static string StopReason(string reason) => reason.Length <= StopReasonMax ? reason : reason[..StopReasonMax];

    /// <summary>Converts a submit or a prepare.</summary>
    /// <param name="request">The request.</param>
    /// <param name="space">The namespace of the request; empty = the default one.</param>
    /// <param name="prepare">True for a prepare, false for a submit.</param>
    /// <param name="now">The current time (UTC), which becomes the creation time.</param>
    /// <exception cref="RequestException">A field is invalid.</exception>
    public Submission Submission(TransactionRequest request, string space, bool prepare, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (gid, type) = (Gid(request.Gid, space), Type(request.TransType));
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        var protocol = Protocol(request.Protocol);
        var steps = Steps(request, type, protocol);
        var (traceParent, traceState) = TraceHeaders.Check(request.TraceParent, request.TraceState);
        var queryPrepared = QueryPrepared(request, type, protocol, prepare);
        var (callbackOp, callbackPayload) = type == TransactionType.Workflow
            ? WorkflowRules.Custom(request.CustomData, protocol)
            : (BranchOps.Msg, []);
        var definition = new TransactionDefinition
        {
            Gid = gid,
            Type = type,
            Created = now,
            Protocol = protocol,
            QueryPrepared = queryPrepared,
            Query = queryPrepared.Length == 0
                ? null
                : new BranchOpDefinition(BranchPlan.CallbackId, callbackOp, queryPrepared, callbackPayload, now),
            NoticeUrl = NoticeUrl(request.CallbackUrl),
            CustomData = request.CustomData ?? "",
            BranchHeaders =
                BranchHeaderRules.Check(request.BranchHeaders, protocol, options.Targets, _log)?.ToImmutableDictionary()
                    ?? ImmutableDictionary<string, string>.Empty,
            Tags = TagRules.Check(request.Tags, request.BranchHeaders, space),
            Trace = traceParent is null ? null : new TraceContext(traceParent, traceState ?? ""),
            Options = Options(request, type, steps.Length),
        };
        var named = Named(request) | If(!definition.Tags.IsEmpty, NamedOptions.Tags);
        return new Submission(definition, BranchPlan.Of(type, steps, now), named);
    }

    private TransactionOptions Options(TransactionRequest request, TransactionType type, int steps)
    {
        var (concurrent, orders) = type == TransactionType.Saga
            ? Concurrency(request, steps)
            : (request.Concurrent ?? false, null);
        var isTimeoutDefault = request.TimeoutToFail is null or 0;
        var timeoutToFail = isTimeoutDefault
            ? type is TransactionType.Saga or TransactionType.Workflow ? TimeSpan.Zero : options.TimeoutToFail
            : Duration("timeout_to_fail", request.TimeoutToFail, TimeSpan.Zero, TimeoutSecondsMax);
        return new TransactionOptions
        {
            TimeoutToFail = timeoutToFail,
            RetryInterval = Duration(
                "retry_interval",
                request.RetryInterval,
                isTimeoutDefault ? options.RetryInterval : Shorter(options.RetryInterval, timeoutToFail),
                RetrySecondsMax),
            RetryIntervalNamed = Named(request).HasFlag(NamedOptions.RetryInterval),
            RetryIntervalMax = options.RetryIntervalMax,
            RequestTimeout = Duration(
                "request_timeout", request.RequestTimeout, options.RequestTimeout, RequestSecondsMax),
            RetryLimit = RetryLimit(request.RetryLimit),
            WaitResult = request.WaitResult ?? false,
            GiveUpAfter = CallPolicyRules.Count("give_up_after", request.GiveUpAfter ?? 0),
            GiveUpAfterTime = CallPolicyRules.GiveUpAfterTime(
                "give_up_after_seconds", request.GiveUpAfterSeconds ?? 0),
            ResultBytesMax = KeepsResults(request, type) ? options.ResultBytesMax : 0,
            Delay = type == TransactionType.Msg ? Delay(request.CustomData) : TimeSpan.Zero,
            Concurrent = concurrent,
            Orders = orders?.ToImmutableDictionary(static o => o.Key, static o => o.Value.ToImmutableArray())
                ?? ImmutableDictionary<int, ImmutableArray<int>>.Empty,
        };
    }

    /// <summary>
    /// Returns the options that the request sets. 0, an empty text and an empty list count as not set, because gRPC
    /// cannot distinguish them.
    /// </summary>
    private static NamedOptions Named(TransactionRequest request) =>
        If(request.TimeoutToFail is not (null or 0), NamedOptions.TimeoutToFail)
        | If(request.RetryInterval is not (null or 0), NamedOptions.RetryInterval)
        | If(request.RequestTimeout is not (null or 0), NamedOptions.RequestTimeout)
        | If(request.Concurrent is not null, NamedOptions.Concurrent)
        | If(request.WaitResult is not null, NamedOptions.WaitResult)
        | If(request.BranchHeaders?.Keys.Any(static n => !TagRules.IsHeader(n)) == true, NamedOptions.BranchHeaders)
        | If(!string.IsNullOrEmpty(request.CustomData), NamedOptions.CustomData)
        | If(!string.IsNullOrEmpty(request.CallbackUrl), NamedOptions.NoticeUrl)
        | If(request.GiveUpAfter is not (null or 0), NamedOptions.GiveUpAfter)
        | If(request.GiveUpAfterSeconds is not (null or 0), NamedOptions.GiveUpAfterTime);

    private static bool KeepsResults(TransactionRequest request, TransactionType type) =>
        request.Results == true
        && (type is TransactionType.Saga or TransactionType.Msg
            ? true
            : throw new RequestException("results", $"is for saga and msg, not for {Names.Of(type)}"));

    private static NamedOptions If(bool named, NamedOptions option) => named ? option : NamedOptions.None;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one <= other ? one : other;

    private static string Protocol(string? protocol) => protocol switch
    {
        null or "" or "http" => "http",
        "grpc" or "json-rpc" => protocol,
        _ => throw new RequestException("protocol", $"'{Printable(protocol)}' is unknown; one of http, grpc, json-rpc"),
    };

    /// <summary>Returns the URL that is called for a prepared message or to resume a workflow.</summary>
    private string QueryPrepared(TransactionRequest request, TransactionType type, string protocol, bool prepare)
    {
        var url = BranchUrlRules.Check(request.QueryPrepared, protocol, "query_prepared", grains, options.Targets);
        return url.Length == 0 && prepare && type == TransactionType.Msg
            ? throw new RequestException(
                "query_prepared",
                "is missing; a prepared msg needs a URL that reports whether the local transaction was committed")
            : url;
    }

    private string NoticeUrl(string? url) => BranchUrlRules.Check(url, "http", "callback_url", grains, options.Targets);

    private static TimeSpan Delay(string? customData)
    {
        if (string.IsNullOrEmpty(customData))
        {
            return TimeSpan.Zero;
        }

        try
        {
            var custom = JsonSerializer.Deserialize(customData, ProtocolJson.Default.MsgCustomData);
            return Duration("custom_data.delay", custom?.Delay, TimeSpan.Zero, TimeoutSecondsMax);
        }
        catch (JsonException e)
        {
            throw new RequestException(
                "custom_data", $"is not the JSON of a msg, {{\"delay\":seconds}}: wrong at {e.Path}");
        }
    }

    private BranchStep[] Steps(TransactionRequest request, TransactionType type, string protocol)
    {
        if (type is not (TransactionType.Saga or TransactionType.Msg))
        {
            return []; // tcc, xa and workflow register their branches.
        }

        var steps = request.Steps ?? [];
        if (steps.Count > options.StepsMax)
        {
            throw new RequestException(
                "steps",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has {steps.Count} steps; the maximum is {options.StepsMax} (Limits:StepsMax)"));
        }

        var payloads = Payloads(request, steps);
        var result = new BranchStep[steps.Count];
        for (var i = 0; i < result.Length; i++)
        {
            var step = steps[i] ?? throw new RequestException(Item("steps", i), "is null");
            var parsed = new BranchStep(
                type == TransactionType.Msg && BranchUrlRules.IsTopic(step.Action)
                    ? step.Action!
                    : Url(step.Action, protocol, i, "action"),
                Url(step.Compensate, protocol, i, "compensate"),
                payloads[i])
            {
                CompensatePayload = CompensatePayload(request, step, type, i),
            };
            RefuseParams(parsed, protocol, i);
            result[i] = CallPolicyRules.IsGiven(step) ? WithPolicies(parsed, step, type, protocol, i) : parsed;
        }

        return result;
    }

    /// <summary>Returns the payload of the compensation; null = that of the action.</summary>
    private static ReadOnlyMemory<byte>? CompensatePayload(
        TransactionRequest request, StepRequest step, TransactionType type, int i)
    {
        if (request.BinCompensatePayloads?.Count > request.Steps?.Count)
        {
            throw new RequestException("compensate_payloads", "has more entries than there are steps");
        }

        var payload = request.BinCompensatePayloads is { } binary && i < binary.Count && binary[i] is { } own ? own
            : step.CompensatePayload is { } text ? Encoding.UTF8.GetBytes(text)
            : (ReadOnlyMemory<byte>?)null;
        return payload is null || type == TransactionType.Saga
            ? payload
            : throw new RequestException(
                Item("steps", i, "compensate_payload"), "is for sagas; a msg has no compensations");
    }

    private BranchStep WithPolicies(
        BranchStep parsed, StepRequest step, TransactionType type, string protocol, int i) =>
        parsed with
        {
            Policy = CallPolicyRules.OfAction(step, type, Item("steps", i), field => Headers(step, protocol, field)),
            CompensatePolicy = CallPolicyRules.OfCompensation(
                step, Item("steps", i), field => Headers(step.CompensatePolicy!, protocol, field)),
        };

    private ImmutableDictionary<string, string>? Headers(CallPolicyRequest policy, string protocol, string field) =>
        BranchHeaderRules.Check(policy.Headers, protocol, options.Targets, _log, field)?.ToImmutableDictionary();

    /// <summary>Rejects a payload that could never be sent, instead of retrying for ever.</summary>
    private static void RefuseParams(BranchStep step, string protocol, int index)
    {
        if (protocol == "json-rpc"
            && (JsonRpcBranchInvoker.MethodOf(step.Action) ?? JsonRpcBranchInvoker.MethodOf(step.Compensate))
                is not null
            && !(JsonRpcBranchInvoker.CanBeParams(step.Payload.Span)
                && JsonRpcBranchInvoker.CanBeParams((step.CompensatePayload ?? default).Span)))
        {
            throw new RequestException(
                Item("payloads", index),
                "is not a JSON object, so it cannot be the params of the JSON-RPC method of its step");
        }
    }

    /// <summary>
    /// Returns one payload per step: binary payloads if the protocol has them, else <c>payloads</c>, or each step's
    /// <c>data</c> from old SDKs.
    /// </summary>
    private static byte[][] Payloads(TransactionRequest request, List<StepRequest?> steps)
    {
        List<byte[]> payloads = [];
        if (request.BinPayloads is { } binary)
        {
            payloads.AddRange(binary.Select(static p => p.ToArray()));
        }
        else
        {
            payloads.AddRange((request.Payloads ?? []).Select(static p => Encoding.UTF8.GetBytes(p ?? "")));
        }

        if (payloads.Count < steps.Count)
        {
            payloads.AddRange(steps.Select(static s => s?.Data)
                .Where(static d => !string.IsNullOrEmpty(d))
                .Select(static d => Encoding.UTF8.GetBytes(d!)));
        }

        return payloads.Count == steps.Count
            ? [.. payloads]
            : throw new RequestException(
                "payloads",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has {payloads.Count} entries for {steps.Count} steps; one is needed for each step"));
    }

    private static (bool Concurrent, Dictionary<int, int[]>? Orders) Concurrency(TransactionRequest request, int steps)
    {
        if (string.IsNullOrEmpty(request.CustomData))
        {
            return (request.Concurrent ?? false, null);
        }

        SagaCustomData? custom;
        try
        {
            custom = JsonSerializer.Deserialize(request.CustomData, ProtocolJson.Default.SagaCustomData);
        }
        catch (JsonException e)
        {
            throw new RequestException("custom_data", "is not the JSON of a saga, "
                + $"{{\"concurrent\":true,\"orders\":{{\"1\":[0]}}}}: orders or syntax are wrong at {e.Path}");
        }

        var concurrent = (custom?.Concurrent ?? false) || (request.Concurrent ?? false);
        return (concurrent, SagaOrderRules.Check(custom?.Orders, steps));
    }

    private static TimeSpan Duration(string field, double? seconds, TimeSpan fallback, double max)
    {
        if (seconds is null or 0)
        {
            return fallback;
        }

        if (!(seconds >= 0.001))
        {
            throw new RequestException(
                field, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{seconds} is not a number of seconds: 0 (the default), 0.001 or more"));
        }

        return TimeSpan.FromMilliseconds((long)(Math.Min(seconds.Value, max) * 1000)); // Very long waits are capped.
    }

    private static int RetryLimit(long? limit) => limit switch
    {
        null => 0,
        >= 0 => (int)Math.Min(limit.Value, RetryLimitMax),
        _ => throw new RequestException(
            "retry_limit", string.Create(
                CultureInfo.InvariantCulture, $"{limit} is not a whole number: 0 (no limit) or more")),
    };

    /// <summary>Checks the URL of a step. Creates the field name only for an error.</summary>
    private string Url(string? url, string protocol, int step, string member) =>
        BranchUrlRules.IsPlainHttp(url) && options.Targets.FindProblem(url) is null
            ? url
            : BranchUrlRules.Check(url, protocol, Item("steps", step, member), grains, options.Targets);

    private static string Item(string list, int index, string? member = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{list}[{index}]{(member is null ? "" : "." + member)}");

    /// <summary>Makes a value from a request printable for errors, so that it cannot break a log line.</summary>
    public static string Printable(string text) =>
        string.Concat((text.Length <= 64 ? text : text[..64] + "...").Select(static c => char.IsControl(c) ? '?' : c));
}
