using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Checks;

namespace OrleansDtm.Server.Apis;

/// <summary>Responses in DTM's envelope.</summary>
internal static class HttpAnswers
{
    private const string Json = "application/json; charset=utf-8";

    private static readonly byte[] Success = JsonSerializer.SerializeToUtf8Bytes(
        ResultView.Success, ProtocolJson.Readable.ResultView);

    public static Task Write<T>(HttpContext context, int status, T view, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Json;
        return JsonSerializer.SerializeAsync(context.Response.BodyWriter, view, type, context.RequestAborted);
    }

    /// <summary>Shows stored data.</summary>
    /// <param name="secrets">Show secret query values of URLs too.</param>
    /// <param name="status">The HTTP status.</param>
    public static Task Show<T>(
        HttpContext context, T view, JsonTypeInfo<T> type, bool secrets, int status = StatusCodes.Status200OK)
    {
        if (secrets)
        {
            return Write(context, status, view, type);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = Json;
        return context.Response.WriteAsync(
            SecretNames.MaskQuery(JsonSerializer.Serialize(view, type)), context.RequestAborted);
    }

    public static Task Result(HttpContext context, int status, string result, string message) =>
        Write(
            context,
            status,
            new ResultView { DtmResult = result, Message = message },
            ProtocolJson.Readable.ResultView);

    public static Task Ok(HttpContext context)
    {
        context.Response.ContentType = Json;
        context.Response.ContentLength = Success.Length;
        return context.Response.BodyWriter.WriteAsync(Success, context.RequestAborted).AsTask();
    }

    /// <summary>
    /// The response of a transaction. A waiting submitter gets 409 when the transaction rolls back and 425 while it is
    /// unfinished. DTM answers 409 for both, so that its users cannot tell them apart.
    /// </summary>
    public static Task Reply(HttpContext context, TransactionReply reply, Awaited awaited = Awaited.Nothing) =>
        reply.Kind switch
        {
            ReplyKind.Ok when Waits.TurnedBack(reply, awaited) =>
                Result(context, ResultWords.FailureStatus, ResultWords.Failure, reply.RollbackReason),
            ReplyKind.Ok when Waits.GoesOn(reply, awaited) =>
                Result(context, ResultWords.OngoingStatus, ResultWords.Ongoing, Unfinished(reply)),
            ReplyKind.Ok when awaited == Awaited.Success && reply.Results is { } results => Write(
                context,
                StatusCodes.Status200OK,
                new ResultView { DtmResult = ResultWords.Success, Results = Views(results) },
                ProtocolJson.Readable.ResultView),
            ReplyKind.Ok => Ok(context),
            ReplyKind.Conflict => Result(context, ResultWords.FailureStatus, ResultWords.Failure, reply.Message),
            ReplyKind.NotFound => Result(context, StatusCodes.Status404NotFound, ResultWords.Failure, reply.Message),
            ReplyKind.Invalid => Result(context, StatusCodes.Status400BadRequest, ResultWords.Failure, reply.Message),
            ReplyKind.Unavailable => Unavailable(context, reply.Message),
            ReplyKind.TooMany => TooMany(context, reply.Message),
            ReplyKind.TooLarge => Result(
                context, StatusCodes.Status413PayloadTooLarge, ResultWords.Failure, reply.Message),
            _ => throw new ArgumentOutOfRangeException(nameof(reply), reply.Kind, "Unknown reply."),
        };

    /// <summary>Results of steps in the format of the API.</summary>
    public static IReadOnlyList<StepResultView> Views(StepAnswer[] results) =>
    [
        .. from result in results
           let isKept = result.Omitted is null
           select new StepResultView
           {
               BranchId = result.BranchId,
               Result = isKept ? ResultTexts.Text(result.Body.Span) : null,
               BinResult = isKept ? ResultTexts.Bytes(result.Body.Span) : null,
               ResultOmitted = result.Omitted,
           },
    ];

    /// <summary>429. Must not contain DTM's word for a business failure.</summary>
    private static Task TooMany(HttpContext context, string message)
    {
        context.Response.Headers.RetryAfter = "1";
        return Result(context, StatusCodes.Status429TooManyRequests, "ERROR", message);
    }

    /// <summary>
    /// 503 or 408: the outcome is undecided, retry. Must not contain DTM's word for a business failure.
    /// </summary>
    public static Task Unavailable(
        HttpContext context, string message, int status = StatusCodes.Status503ServiceUnavailable)
    {
        context.Response.Headers.RetryAfter = "1";
        return Result(context, status, "UNAVAILABLE", $"try again: {message}");
    }

    public static string Unfinished(TransactionReply reply) => reply.LastError.Length == 0
        ? $"{ResultWords.Ongoing}: the transaction is {reply.Status} and goes on"
        : $"{ResultWords.Ongoing}: the transaction is {reply.Status} and goes on after a retry; last error: "
            + $"{reply.LastError}";
}
