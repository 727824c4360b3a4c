using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.Infrastructure;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>
/// Makes actions of controllers branches, as <see cref="BranchEndpoints.MapBranch"/> does with endpoints: of one action, or of all of a
/// controller. Map them to GET as well if the transaction may carry no payload.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class BranchAttribute : Attribute, IAsyncResourceFilter, IAsyncActionFilter
{
    /// <summary>The business runs behind a barrier, in the <see cref="LocalTransaction"/>. Default: it does not.</summary>
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
            Translate(await next());
            return;
        }

        var ran = await BranchCall.RunAsync(context.HttpContext, BarrierMetadata.Default, async () => Translate(await next()));
        if (!ran)
        {
            context.Result = Result(BranchAnswer.Success);
        }
    }

    /// <summary>Puts outcomes and exceptions into DTM's words; an exception that means neither keeps the barrier from committing too.</summary>
    private static BranchOutcome Translate(ActionExecutedContext executed)
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

        executed.Result = executed.Result switch
        {
            null or EmptyResult => Result(BranchAnswer.Success),
            ObjectResult { Value: BranchOutcome outcome } => Result(BranchAnswer.Of(outcome)),
            var own => own,
        };
        return executed.Result is IStatusCodeActionResult { StatusCode: { } status }
            ? BranchAnswer.Outcome(status) ?? BranchOutcome.Ongoing
            : BranchOutcome.Success;
    }

    private static ContentResult Result(BranchAnswer answer) =>
        new() { Content = answer.Body, ContentType = BranchAnswer.ContentType, StatusCode = answer.Status };
}
