using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Runs a handler, with its barrier if it has one, and converts its result to a response.</summary>
/// <param name="needed">The barrier that the handler's parameters need, unless the endpoint names another; null =
/// none.</param>
internal sealed class BranchFilter(BarrierMetadata? needed) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (Barrier(http.GetEndpoint()?.Metadata.GetMetadata<BarrierMetadata>()) is not { } barrier)
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

    /// <summary>
    /// The barrier that the endpoint or its group names. If the handler takes a context, it must run in a transaction
    /// of that context: elsewhere its changes would not be saved with the barrier row.
    /// </summary>
    private BarrierMetadata? Barrier(BarrierMetadata? named) => (named, needed?.Context) switch
    {
        (null, _) => needed,
        ({ Context: null, Database: null }, { } context) => named with { Context = context },
        ({ Context: null }, { } context) => throw new InvalidOperationException(
            $"The branch takes {context.Name}, so its barrier uses the connection of that context; WithBarrier names "
            + "another database. Map it without, or run the barrier in the handler (BranchBarrier)."),
        _ => named,
    };

    /// <summary>
    /// Null and outcomes become DTM's responses; other results are the handler's own, including a status that it has
    /// set.
    /// </summary>
    public static object Answer(object? returned, HttpContext http) => returned switch
    {
        null or EmptyHttpResult when http.Response.HasStarted => TypedResults.Empty,
        null or EmptyHttpResult => BranchAnswer.Outcome(http.Response.StatusCode) is { } outcome
            ? Result(BranchAnswer.Of(outcome))
            : TypedResults.StatusCode(http.Response.StatusCode),
        BranchOutcome outcome => Result(BranchAnswer.Of(outcome)),
        _ => returned,
    };

    /// <summary>
    /// Whether the response is a success, so that the transaction may commit. After an error the call is repeated, so
    /// it must have no effect.
    /// </summary>
    /// <exception cref="InvalidOperationException">The status is known only when the result is executed, after the
    /// commit.</exception>
    public static BranchOutcome Outcome(object? answer, HttpContext http) => answer switch
    {
        INestedHttpResult nested => Outcome(nested.Result, http),
        IStatusCodeHttpResult { StatusCode: { } status } => BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        ForbidHttpResult or ChallengeHttpResult or RedirectHttpResult or RedirectToRouteHttpResult =>
            BranchOutcome.Ongoing,
        // These do not change the status.
        EmptyHttpResult or IStatusCodeHttpResult or IFileHttpResult => Outcome(http),
        IResult => throw Unclear(answer),
        _ => Outcome(http),
    };

    /// <summary>The outcome of the status that the handler has set.</summary>
    public static BranchOutcome Outcome(HttpContext http) =>
        BranchAnswer.Outcome(http.Response.StatusCode) ?? BranchOutcome.Ongoing;

    public static InvalidOperationException Unclear(object answer) => new(
        $"A branch with a barrier cannot return {answer.GetType()}: its status is unknown before the commit. Return a "
        + "result with a status.");

    private static ContentHttpResult Result(BranchAnswer answer) =>
        TypedResults.Text(answer.Body, BranchAnswer.ContentType, statusCode: answer.Status);
}
