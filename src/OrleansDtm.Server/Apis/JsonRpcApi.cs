using System.Diagnostics;
using System.Text.Json;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Audit;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Metrics;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Telemetry;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// DTM's JSON-RPC API with our additions, on the HTTP port. HTTP answers 200 to all JSON; <c>error</c> has the result.
/// One request a call: an array of requests is refused, because it would bypass the limit of requests.
/// </summary>
internal sealed class JsonRpcApi(
    TransactionService service,
    JsonRpcAdditions additions,
    CoordinatorOptions options,
    ApiMetrics metrics,
    ILogger<JsonRpcApi> log)
{
    public const string Path = "/api/json-rpc";

    public async Task Handle(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var call = new JsonRpcCall();
        JsonRpcReply reply;
        var status = StatusCodes.Status200OK;
        try
        {
            using var request = await RequestBody.Read(
                context, options.Limits.RequestBytesMax, 0, static (body, _) => JsonDocument.Parse(body));
            call = JsonRpcCall.Of(request.RootElement);
            if (call.Problem is null && !Caller.Has(context, RoleOf(call.Method)))
            {
                metrics.Record("json-rpc", MetricName(call.Method), "fail", Stopwatch.GetElapsedTime(started));
                await AccessAnswers.Forbidden(
                    context, context.Features.Get<Caller>()!, RoleOf(call.Method), call.Id, call.Method);
                return;
            }

            try
            {
                reply = call.Problem is null ? await Dispatch(call, context) : Bad(call.Problem);
            }
            catch (Exception e) when (LogScope.Note(e, GidOf(call)))
            {
                throw; // Not caught here, only noted for the log, as long as the request can be read.
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // The caller has disconnected.
        }
        catch (Exception e)
        {
            reply = Of(e, call);
            status = StatusOf(e);
        }

        if (DtmTracing.Source.HasListeners() && Activity.Current is { } span)
        {
            span.SetTag("rpc.system", "jsonrpc").SetTag("rpc.method", MetricName(call.Method)).SetTag(
                "rpc.jsonrpc.error_code", reply.Code == 0 ? null : reply.Code);
        }

        metrics.Record(
            "json-rpc", MetricName(call.Method), reply.Code == 0 ? "ok" : "fail", Stopwatch.GetElapsedTime(started));
        await reply.Write(context, status, call.Id);
    }

    private static Role RoleOf(string method) =>
        method is "prepare" or "submit" or "abort" or "registerBranch" ? Role.Submit
            : JsonRpcAdditions.RoleOf(method) ?? Role.Read;

    private async Task<JsonRpcReply> Dispatch(JsonRpcCall call, HttpContext context) => call.Method switch
    {
        "newGid" => JsonRpcReply.NewGid(GidGenerator.New()),
        "prepare" => Of(await service.Prepare(Params(call, context), Requesters.Of(context)), Awaited.Nothing),
        "submit" => await Submit(Params(call, context), Requesters.Of(context)),
        "abort" => Abort(await service.Abort(Params(call, context), Requesters.Of(context))),
        "registerBranch" => Of(
            await service.RegisterBranch(
                RequestBody.Register(call.ParamsAs(ProtocolJson.Default.DictionaryStringString)),
                Requesters.Of(context)),
            Awaited.Nothing),
        var method when JsonRpcAdditions.RoleOf(method) is not null => await additions.Handle(call, context),
        _ => JsonRpcReply.Error(
            JsonRpcCodes.UnknownMethod, $"Method not found: {RequestValidator.Printable(call.Method)}"),
    };

    private async Task<JsonRpcReply> Submit(TransactionRequest request, Requester by)
    {
        var reply = await service.Submit(request, by);
        return Of(reply, Waits.OfSubmit(request, reply));
    }

    private static JsonRpcReply Abort(TransactionReply reply) => Of(reply, Waits.OfAbort(reply));

    private static string? GidOf(JsonRpcCall call) =>
        call.Params.ValueKind == JsonValueKind.Object
            && JsonRpcCall.Member(call.Params, "gid") is { ValueKind: JsonValueKind.String } gid
            ? gid.GetString()
            : null;

    private static TransactionRequest Params(JsonRpcCall call, HttpContext context)
    {
        var request = call.ParamsAs(ProtocolJson.Default.TransactionRequest);
        HttpTracing.Attach(context, request);
        return request;
    }

    /// <summary>
    /// As over HTTP: a waiting submitter gets a failure when the transaction rolls back, and ongoing while it is
    /// unfinished.
    /// </summary>
    internal static JsonRpcReply Of(TransactionReply reply, Awaited awaited) => reply.Kind switch
    {
        ReplyKind.Ok when Waits.TurnedBack(reply, awaited) =>
            JsonRpcReply.Error(JsonRpcCodes.Failure, reply.RollbackReason),
        ReplyKind.Ok when Waits.GoesOn(reply, awaited) =>
            JsonRpcReply.Error(JsonRpcCodes.Ongoing, HttpAnswers.Unfinished(reply)),
        ReplyKind.Ok when awaited == Awaited.Success && reply.Results is { } results =>
            JsonRpcReply.Success with { Results = HttpAnswers.Views(results) },
        ReplyKind.Ok => JsonRpcReply.Success,
        ReplyKind.Conflict or ReplyKind.NotFound => JsonRpcReply.Error(JsonRpcCodes.Failure, reply.Message),
        ReplyKind.Invalid or ReplyKind.TooLarge => Refused(reply.Message),
        ReplyKind.TooMany => JsonRpcReply.Error(JsonRpcCodes.TooMany, reply.Message),
        ReplyKind.Unavailable => Unavailable(reply.Message),
        _ => throw new ArgumentOutOfRangeException(nameof(reply), reply.Kind, "Unknown reply."),
    };

    private JsonRpcReply Of(Exception exception, JsonRpcCall call)
    {
        switch (exception)
        {
            case JsonException:
                return JsonRpcReply.Error(JsonRpcCodes.Parse, $"Parse json error: {exception.Message}");
            case RequestException or StoreTooLargeException:
                return call.Method.Length > 0 ? Refused(exception.Message) : Bad(exception.Message);
            case BadHttpRequestException
            {
                StatusCode: StatusCodes.Status503ServiceUnavailable or StatusCodes.Status408RequestTimeout
            }:
                return Unavailable(exception.Message);
            case BadHttpRequestException:
                return Bad($"body: {exception.Message}");
            case StoreUnavailableException:
                return Unavailable(exception.Message);
            default:
                using (LogScope.Begin(log, exception))
                {
                    log.RequestFailed(exception, "POST", $"{Path} {MetricName(call.Method)}");
                }

                return JsonRpcReply.Error(
                    JsonRpcCodes.Internal, "internal error; the coordinator's log says more [ODTM1006]");
        }
    }

    /// <summary>
    /// A body that is not JSON is 400, as in DTM. A client that is still sending the body stops only for an error.
    /// </summary>
    private static int StatusOf(Exception exception) => exception switch
    {
        BadHttpRequestException e => e.StatusCode,
        JsonException => StatusCodes.Status400BadRequest,
        RequestException { Field: RequestBody.TooLargeField } => StatusCodes.Status413PayloadTooLarge,
        _ => StatusCodes.Status200OK,
    };

    /// <summary>-32600 is for a request that is not a call; an error of the call itself is -32603, as in DTM.</summary>
    private static JsonRpcReply Refused(string problem) => JsonRpcReply.Error(JsonRpcCodes.Internal, problem);

    private static JsonRpcReply Bad(string problem) =>
        JsonRpcReply.Error(JsonRpcCodes.BadRequest, $"Bad json request: {problem}");

    /// <summary>The outcome is undecided, retry. Must not contain DTM's word for a business failure.</summary>
    internal static JsonRpcReply Unavailable(string message) =>
        JsonRpcReply.Error(JsonRpcCodes.Internal, $"try again: {message}");

    /// <summary>
    /// The name of the same call over HTTP; other names share one, or every typing error would be a new series.
    /// </summary>
    private static string MetricName(string method) => method switch
    {
        "newGid" => "newgid",
        "prepare" or "submit" or "abort" or "query" or "wait" or "batch" or "batches" => method,
        "batchStop" or "batchStatus" => method.ToLowerInvariant(),
        "registerBranch" => "registerbranch",
        _ => ApiMetrics.Unknown,
    };
}
