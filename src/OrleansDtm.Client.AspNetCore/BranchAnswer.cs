using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>DTM's bodies.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="Body">JSON.</param>
internal sealed record BranchAnswer(int Status, string Body)
{
    public const string ContentType = "application/json; charset=utf-8";

    public static BranchAnswer Success { get; } = Of(StatusCodes.Status200OK, ResultWords.Success, null);

    /// <summary>What carries no identity does not come from a coordinator.</summary>
    public static BranchAnswer NoIdentity { get; } =
        Of(StatusCodes.Status400BadRequest, "ERROR", "the query must say gid, trans_type, branch_id and op, as a coordinator does");

    public static BranchAnswer Of(BranchOutcome outcome, string? message = null) => outcome switch
    {
        BranchOutcome.Success => Success,
        // The word would count for more than the status.
        BranchOutcome.Failure => Of(
            ResultWords.FailureStatus, ResultWords.Failure, message?.Replace(ResultWords.Ongoing, "ongoing", StringComparison.Ordinal)),
        BranchOutcome.Ongoing => Of(ResultWords.OngoingStatus, ResultWords.Ongoing, message),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "That is no outcome."),
    };

    /// <summary>Neither yes nor no. The words that would say so must not stand in it.</summary>
    public static BranchAnswer Error(string message) => Of(
        StatusCodes.Status500InternalServerError,
        "ERROR",
        message.Replace(ResultWords.Ongoing, "ongoing", StringComparison.Ordinal).Replace(ResultWords.Failure, "failure", StringComparison.Ordinal));

    /// <summary>Null = the exception means neither: it is an error, and the call will be repeated.</summary>
    public static BranchAnswer? Of(Exception exception) => exception switch
    {
        BranchFailureException e => Of(BranchOutcome.Failure, e.Reason),
        BranchOngoingException e => Of(BranchOutcome.Ongoing, e.Reason),
        _ => null,
    };

    /// <summary>What a status of HTTP means; null = an error.</summary>
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
        status, JsonSerializer.Serialize(new ResultView { DtmResult = word, Message = message }, ProtocolJson.Readable.ResultView));
}
