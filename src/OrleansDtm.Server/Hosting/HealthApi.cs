using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Hosting;

/// <summary>Probes. Live: the process responds. Ready: it can accept transactions.</summary>
internal static class HealthApi
{
    public static void MapHealthApi(this IEndpointRouteBuilder routes)
    {
        var readiness = routes.ServiceProvider.GetRequiredService<Readiness>();
        routes.MapGet("/health/live", static context => context.Response.WriteAsync("alive", context.RequestAborted))
            .OpenToAll();
        routes.MapGet("/health/ready", async context =>
        {
            var problem = await readiness.FindProblem(context.RequestAborted);
            context.Response.StatusCode = problem is null
                ? StatusCodes.Status200OK
                : StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync(
                problem ?? (readiness.Warning is { } warning ? $"ready; {warning}" : "ready"), context.RequestAborted);
        }).OpenToAll();
    }
}
