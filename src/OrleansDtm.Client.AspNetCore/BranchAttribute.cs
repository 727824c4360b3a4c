using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>
/// Makes an action of a controller, or all of them, branches, as <see cref="BranchEndpoints.MapBranch"/> does with
/// endpoints. Map them to GET too if the transaction may have no payload.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class BranchAttribute : Attribute, IAsyncResourceFilter, IAsyncActionFilter
{
    /// <summary>
    /// Runs the action with a barrier, in the <see cref="LocalTransaction"/>. The status of its result must be known
    /// before the result is executed, as for MVC's results; Results and TypedResults of minimal APIs are an error here.
    /// Default: false.
    /// </summary>
    public bool Barrier { get; set; }

    /// <inheritdoc/>
    public async Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (!BranchCall.TryContext(context.HttpContext, out _))
        {
            context.Result = Result(BranchAnswer.NoIdentity);
            return;
        }

        var executed = await next();
        if (executed.Exception is { } thrown && !executed.ExceptionHandled && BranchAnswer.Of(thrown) is { } answer)
        {
            executed.ExceptionHandled = true;
            await answer.WriteAsync(context.HttpContext);
        }
    }

    /// <inheritdoc/>
    public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (!Barrier)
        {
            Translate(await next(), barrier: false);
            return;
        }

        var ran = await BranchCall.RunAsync(
            context.HttpContext, BarrierMetadata.Default, async () => Translate(await next(), barrier: true));
        if (!ran)
        {
            context.Result = Result(BranchAnswer.Success);
        }
    }

    /// <summary>
    /// Converts outcomes and exceptions to DTM's responses. Any other exception also prevents the commit.
    /// </summary>
    private static BranchOutcome Translate(ActionExecutedContext executed, bool barrier)
    {
        if (executed.Exception is { } thrown && !executed.ExceptionHandled)
        {
            if (BranchAnswer.Of(thrown) is { } answer)
            {
                executed.ExceptionHandled = true;
                executed.Result = Result(answer);
            }

            return BranchOutcome.Failure;
        }

        var http = executed.HttpContext;
        executed.Result = executed.Result switch
        {
            null or EmptyResult when http.Response.HasStarted => new EmptyResult(),
            // A null value would be 204, which is not a success for a coordinator.
            null or EmptyResult or ObjectResult { Value: null, StatusCode: null or StatusCodes.Status200OK } =>
                BranchAnswer.Outcome(http.Response.StatusCode) is { } said
                    ? Result(BranchAnswer.Of(said))
                    : new StatusCodeResult(http.Response.StatusCode),
            ObjectResult { Value: BranchOutcome outcome } => Result(BranchAnswer.Of(outcome)),
            var own => own,
        };
        return barrier ? Outcome(executed.Result, http) : BranchOutcome.Success;
    }

    /// <summary>As <see cref="BranchFilter.Outcome(object?, HttpContext)"/> for results of MVC.</summary>
    private static BranchOutcome Outcome(IActionResult result, HttpContext http) => result switch
    {
        IStatusCodeActionResult { StatusCode: { } status } => BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        ObjectResult { Value: ProblemDetails { Status: { } status } } =>
            BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        ForbidResult or ChallengeResult or IKeepTempDataResult => BranchOutcome.Ongoing,
        EmptyResult or IStatusCodeActionResult or FileResult => BranchFilter.Outcome(http),
        // Also results of minimal APIs: MVC wraps them in a type that hides their status.
        _ => throw BranchFilter.Unclear(result),
    };

    private static ContentResult Result(BranchAnswer answer) =>
        new() { Content = answer.Body, ContentType = BranchAnswer.ContentType, StatusCode = answer.Status };
}
