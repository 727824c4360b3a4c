using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>A response with DTM's bodies.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">JSON.</param>
internal sealed record BranchAnswer(int Status, string Body)
{
    public const string ContentType = "application/json; charset=utf-8";

    public static BranchAnswer Success { get; } = Of(StatusCodes.Status200OK, ResultWords.Success, null);

    /// <summary>A call without identity does not come from a coordinator.</summary>
    public static BranchAnswer NoIdentity { get; } =
        Of(StatusCodes.Status400BadRequest, "ERROR", "the query must have gid, trans_type, branch_id and op");

    public static BranchAnswer Of(BranchOutcome outcome, string? message = null) => outcome switch
    {
        BranchOutcome.Success => Success,
        // The word would override the status.
        BranchOutcome.Failure => Of(
            ResultWords.FailureStatus, ResultWords.Failure, message?.Replace(
                ResultWords.Ongoing, "ongoing", StringComparison.Ordinal)),
        BranchOutcome.Ongoing => Of(ResultWords.OngoingStatus, ResultWords.Ongoing, message),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Unknown outcome."),
    };

    /// <summary>Neither success nor failure; the text must not contain the words of either.</summary>
    public static BranchAnswer Error(string message) => Of(
        StatusCodes.Status500InternalServerError,
        "ERROR",
        message.Replace(ResultWords.Ongoing, "ongoing", StringComparison.Ordinal).Replace(
            ResultWords.Failure, "failure", StringComparison.Ordinal));

    /// <summary>Null = the exception is an error, and the call will be repeated.</summary>
    public static BranchAnswer? Of(Exception exception) => exception switch
    {
        BranchFailureException e => Of(BranchOutcome.Failure, e.Reason),
        BranchOngoingException e => Of(BranchOutcome.Ongoing, e.Reason),
        _ => null,
    };

    /// <summary>The outcome of an HTTP status; null = an error.</summary>
    public static BranchOutcome? Outcome(int status) => status switch
    {
        StatusCodes.Status200OK => BranchOutcome.Success,
        ResultWords.FailureStatus => BranchOutcome.Failure,
        ResultWords.OngoingStatus => BranchOutcome.Ongoing,
        _ => null,
    };

    public Task WriteAsync(HttpContext http)
    {
        http.Response.StatusCode = Status;
        http.Response.ContentType = ContentType;
        return http.Response.WriteAsync(Body, http.RequestAborted);
    }

    private static BranchAnswer Of(int status, string word, string? message) => new(
        status, JsonSerializer.Serialize(
            new ResultView { DtmResult = word, Message = message }, ProtocolJson.Readable.ResultView));
}
