using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>The two phases of an XA branch.</summary>
internal static class XaCall
{
    /// <summary>The second phase has no payload, so the handler's parameters must not be bound.</summary>
    public static async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        if (BranchCall.Context(http).Op == BranchOps.Action)
        {
            await next(http);
            return;
        }

        await Branch(http).HandleAsync(
            static _ => Task.CompletedTask, static _ => Task.CompletedTask, http.RequestAborted);
        await BranchAnswer.Success.WriteAsync(http);
    }

    public static XaBranch Branch(HttpContext http)
    {
        var barrier = BranchEndpoints.Barrier(http);
        return new XaBranch(
            BranchCall.Context(http),
            () => BranchCall.Connect(http, barrier),
            new XaOptions { Barrier = BranchCall.BarrierOptions(http) });
    }
}

/// <summary>The first phase: runs the handler in the XA transaction.</summary>
internal sealed class XaFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var services = http.RequestServices;
        object? answer = BranchFilter.Answer(null, http);
        try
        {
            await XaCall.Branch(http).PrepareAsync(
                async connection =>
                {
                    using (services.GetRequiredService<LocalTransaction>().Begin(connection, null))
                    {
                        answer = BranchFilter.Answer(await next(context), http);
                    }

                    if (BranchFilter.Outcome(answer, http) != BranchOutcome.Success)
                    {
                        throw new RolledBack();
                    }
                },
                cancel => services.GetRequiredService<IDtm>().RegisterXaBranchAsync(BranchCall.Context(http), cancel),
                http.RequestAborted);
        }
        catch (RolledBack)
        {
            // The response has the reason.
        }

        return answer;
    }

    private sealed class RolledBack : Exception;
}
