using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Hosting;

/// <summary>Probes. Live: the process responds. Ready: it can accept transactions.</summary>
internal static class HealthApi
{
    public static void MapHealthApi(this IEndpointRouteBuilder routes)
    {
        var readiness = routes.ServiceProvider.GetRequiredService<Readiness>();
        routes.MapGet("/health/live", static context => Write(context, "alive"))
            .OpenToAll()
            .Describe(ServerDocs.Live);
        routes.MapGet("/health/ready", async context =>
        {
            var problem = await readiness.FindProblem(context.RequestAborted);
            context.Response.StatusCode = problem is null
                ? StatusCodes.Status200OK
                : StatusCodes.Status503ServiceUnavailable;
            await Write(context, problem ?? (readiness.Warning is { } warning ? $"ready; {warning}" : "ready"));
        }).OpenToAll().Describe(ServerDocs.Ready);
    }

    private static Task Write(HttpContext context, string text)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
