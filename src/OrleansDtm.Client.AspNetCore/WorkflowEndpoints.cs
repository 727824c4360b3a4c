using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Maps the callback with which the coordinator resumes workflows.</summary>
public static class WorkflowEndpoints
{
    /// <summary>
    /// Maps the callback for interrupted workflows; its external address is <see cref="DtmOptions.WorkflowCallback"/>.
    /// 200 = the workflow has ended, 425 = it is running; after <see cref="DtmOptions.WorkflowPatience"/> it continues
    /// without the call. Workflows stop before their next step when the application stops.
    /// </summary>
    /// <param name="routes">The endpoints.</param>
    /// <param name="pattern">The path.</param>
    /// <exception cref="InvalidOperationException">AddDtmClient was not called.</exception>
    public static IEndpointConventionBuilder MapWorkflows(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var workflows = routes.ServiceProvider.GetService<WorkflowRuntime>()
            ?? throw new InvalidOperationException("Call services.AddWorkflow() first.");
        routes.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(
            workflows.Stop);
        return routes.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Post], http => ResumeAsync(http, workflows));
    }

    private static async Task ResumeAsync(HttpContext http, WorkflowRuntime workflows)
    {
        if (!BranchCall.TryContext(http, out var context))
        {
            await BranchAnswer.NoIdentity.WriteAsync(http);
            return;
        }

        using var input = new MemoryStream();
        await http.Request.Body.CopyToAsync(input, http.RequestAborted);
        BranchAnswer answer;
        try
        {
            answer = BranchAnswer.Of(await workflows.ResumeAsync(context!, input.ToArray()));
        }
        catch (BranchOngoingException e)
        {
            answer = BranchAnswer.Of(BranchOutcome.Ongoing, e.Reason);
        }
        catch (Exception e)
        {
            answer = BranchAnswer.Error(e.Message); // Already logged; the coordinator shows it as the last error.
        }

        await answer.WriteAsync(http);
    }
}
