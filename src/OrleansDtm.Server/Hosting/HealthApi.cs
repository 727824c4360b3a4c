using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>For probes: alive means the process answers, ready means it can take transactions.</summary>
internal static class HealthApi
{
    public static void MapHealthApi(this IEndpointRouteBuilder routes)
    {
        var store = routes.ServiceProvider.GetRequiredService<ITransactionStore>();
        var lifetime = routes.ServiceProvider.GetRequiredService<IHostApplicationLifetime>();
        routes.MapGet("/health/live", static context => context.Response.WriteAsync("alive", context.RequestAborted));
        routes.MapGet("/health/ready", async context =>
        {
            var problem = await Problem(store, lifetime, context.RequestAborted);
            context.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync(problem ?? "ready", context.RequestAborted);
        });
    }

    /// <summary>Why no transaction can be taken; null = it can.</summary>
    public static async Task<string?> Problem(ITransactionStore store, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "stopping";
        }

        try
        {
            await store.Ping(cancellationToken);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            return $"store: {e.Message}";
        }
    }
}
