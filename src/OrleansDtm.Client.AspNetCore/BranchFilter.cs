using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Runs a handler, behind its barrier if it has one, and turns what it returns into an answer.</summary>
internal sealed class BranchFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.GetEndpoint()?.Metadata.GetMetadata<BarrierMetadata>() is not { } barrier)
        {
            return Answer(await next(context));
        }

        object? answer = null;
        var ran = await BranchCall.RunAsync(http, barrier, async () =>
        {
            answer = Answer(await next(context));
            return Outcome(answer);
        });
        return ran ? answer : Result(BranchAnswer.Success);
    }

    /// <summary>Null, and outcomes, in DTM's words; all else is the handler's own.</summary>
    public static object Answer(object? returned) => returned switch
    {
        null or EmptyHttpResult => Result(BranchAnswer.Success),
        BranchOutcome outcome => Result(BranchAnswer.Of(outcome)),
        _ => returned,
    };

    /// <summary>Whether an answer lets what was done stand. One that is an error is repeated, so it must leave nothing behind.</summary>
    public static BranchOutcome Outcome(object? answer) => answer switch
    {
        INestedHttpResult nested => Outcome(nested.Result),
        IStatusCodeHttpResult { StatusCode: { } status } => BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        _ => BranchOutcome.Success,
    };

    private static ContentHttpResult Result(BranchAnswer answer) => TypedResults.Text(answer.Body, BranchAnswer.ContentType, statusCode: answer.Status);
}
