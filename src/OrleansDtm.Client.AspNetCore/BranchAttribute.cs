using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>
/// Makes actions of controllers branches, as <see cref="BranchEndpoints.MapBranch"/> does with endpoints: of one action, or of all of a
/// controller. Map them to GET as well if the transaction may carry no payload.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class BranchAttribute : Attribute, IAsyncResourceFilter, IAsyncActionFilter
{
    /// <summary>
    /// The business runs behind a barrier, in the <see cref="LocalTransaction"/>. Its result must tell its status before it is executed, as
    /// MVC's own do; Results and TypedResults are for minimal APIs, and an error here. Default: it does not.
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

        var ran = await BranchCall.RunAsync(context.HttpContext, BarrierMetadata.Default, async () => Translate(await next(), barrier: true));
        if (!ran)
        {
            context.Result = Result(BranchAnswer.Success);
        }
    }

    /// <summary>Puts outcomes and exceptions into DTM's words; an exception that means neither keeps the barrier from committing too.</summary>
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
            // A null value would be answered as 204, which is no success to a coordinator.
            null or EmptyResult or ObjectResult { Value: null, StatusCode: null or StatusCodes.Status200OK } =>
                BranchAnswer.Outcome(http.Response.StatusCode) is { } said ? Result(BranchAnswer.Of(said)) : new StatusCodeResult(http.Response.StatusCode),
            ObjectResult { Value: BranchOutcome outcome } => Result(BranchAnswer.Of(outcome)),
            var own => own,
        };
        return barrier ? Outcome(executed.Result, http) : BranchOutcome.Success;
    }

    /// <summary>As <see cref="BranchFilter.Outcome(object?, HttpContext)"/> for results of MVC.</summary>
    private static BranchOutcome Outcome(IActionResult result, HttpContext http) => result switch
    {
        IStatusCodeActionResult { StatusCode: { } status } => BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        ObjectResult { Value: ProblemDetails { Status: { } status } } => BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing,
        ForbidResult or ChallengeResult or IKeepTempDataResult => BranchOutcome.Ongoing,
        EmptyResult or IStatusCodeActionResult or FileResult => BranchFilter.Outcome(http),
        // Those of minimal APIs among them: MVC wraps them in a type of its own that shows nothing.
        _ => throw BranchFilter.Unclear(result),
    };

    private static ContentResult Result(BranchAnswer answer) =>
        new() { Content = answer.Body, ContentType = BranchAnswer.ContentType, StatusCode = answer.Status };
}
