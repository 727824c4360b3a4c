using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Runs a handler, behind its barrier if it has one, and turns what it returns into an answer.</summary>
/// <param name="guarded">The handler needs a barrier, so it has one in the application's database where none is named.</param>
internal sealed class BranchFilter(bool guarded) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if ((http.GetEndpoint()?.Metadata.GetMetadata<BarrierMetadata>() ?? (guarded ? BarrierMetadata.Default : null)) is not { } barrier)
        {
            return Answer(await next(context), http);
        }

        object? answer = null;
        var ran = await BranchCall.RunAsync(http, barrier, async () =>
        {
            answer = Answer(await next(context), http);
            return Outcome(answer, http);
        });
        return ran ? answer : Result(BranchAnswer.Success);
    }

    /// <summary>Nothing, and outcomes, in DTM's words; all else is the handler's own, a status that it has set itself included.</summary>
    public static object Answer(object? returned, HttpContext http) => returned switch
    {
        null or EmptyHttpResult when http.Response.HasStarted => TypedResults.Empty,
        null or EmptyHttpResult => BranchAnswer.Outcome(http.Response.StatusCode) is { } outcome
            ? Result(BranchAnswer.Of(outcome))
            : TypedResults.StatusCode(http.Response.StatusCode),
        BranchOutcome outcome => Result(BranchAnswer.Of(outcome)),
        _ => returned,
    };

    /// <summary>Whether an answer lets what was done stand. One that is an error is repeated, so it must leave nothing behind.</summary>
    /// <exception cref="InvalidOperationException">Only its execution would tell, and that comes after the commit.</exception>
    public static BranchOutcome Outcome(object? answer, HttpContext http) => answer switch
    {
        INestedHttpResult nested => Outcome(nested.Result, http),
        IStatusCodeHttpResult { StatusCode: { } status } => BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        ForbidHttpResult or ChallengeHttpResult or RedirectHttpResult or RedirectToRouteHttpResult => BranchOutcome.Ongoing,
        // These leave the status as it is.
        EmptyHttpResult or IStatusCodeHttpResult or IFileHttpResult => Outcome(http),
        IResult => throw Unclear(answer),
        _ => Outcome(http),
    };

    /// <summary>What the status says that the handler has set.</summary>
    public static BranchOutcome Outcome(HttpContext http) => BranchAnswer.Outcome(http.Response.StatusCode) ?? BranchOutcome.Ongoing;

    public static InvalidOperationException Unclear(object answer) => new(
        $"Behind a barrier a branch cannot answer {answer.GetType()}: whether that is a success is not known before the commit. Return a result that says its status.");

    private static ContentHttpResult Result(BranchAnswer answer) => TypedResults.Text(answer.Body, BranchAnswer.ContentType, statusCode: answer.Status);
}
