using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Hosting;

/// <summary>
/// How long requests may take to end once the process has been asked to stop. Without it a submit that waits for a hanging branch
/// would use up the whole time to stop, and silo and store would be cut off instead of closed.
/// </summary>
internal sealed class DrainLimit : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenRegistration _stopping;

    public DrainLimit(IHostApplicationLifetime lifetime, CoordinatorOptions options) =>
        _stopping = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(options.DrainTimeout));

    /// <summary>Cancelled when the time is up.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _stopping.Dispose();
        _over.Dispose();
    }
}

internal static class DrainLimitExtensions
{
    /// <summary>Hangs up on requests that are still open when the time is up; what they started goes on after the next start.</summary>
    public static void UseDrainLimit(this WebApplication app)
    {
        var limit = app.Services.GetRequiredService<DrainLimit>();
        app.Use(async (context, next) =>
        {
            await using var registration = limit.Over.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context);
            await next(context);
        });
    }
}
