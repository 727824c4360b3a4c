using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Hosting;

/// <summary>
/// Timeout of requests after SIGTERM. Without it a submit that waits for a hanging branch would use up the time to
/// stop, and silo and store would not be closed.
/// </summary>
internal sealed class DrainLimit : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenRegistration _stopping;

    public DrainLimit(IHostApplicationLifetime lifetime, CoordinatorOptions options) =>
        _stopping = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(options.DrainTimeout));

    /// <summary>Cancelled at the timeout.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _stopping.Dispose();
        _over.Dispose();
    }
}

internal static class DrainLimitExtensions
{
    /// <summary>Closes the connections of requests that are open at the timeout; their transactions continue.</summary>
    public static void UseDrainLimit(this WebApplication app)
    {
        var limit = app.Services.GetRequiredService<DrainLimit>();
        app.Use(async (context, next) =>
        {
            await using var registration = limit.Over.UnsafeRegister(
                static state => ((HttpContext)state!).Abort(), context);
            await next(context);
        });
    }
}
