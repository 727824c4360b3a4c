using OrleansDtm.Server.Metrics;

namespace OrleansDtm.Server.Telemetry;

/// <summary>
/// Counts unfinished transactions for exported metrics; a scrape triggers its own count. Register it after the store,
/// so that it stops before.
/// </summary>
internal sealed class GaugeRefresher(
    UnfinishedGauges gauges, UnfinishedAgeGauges ages, TimeProvider clock, IHostApplicationLifetime lifetime)
    : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.ApplicationStarted.Register(started.SetResult))
        {
            await started.Task.WaitAsync(stoppingToken); // The store starts before.
        }

        using var timer = new PeriodicTimer(Pace, clock);
        do
        {
            await gauges.Refresh(stoppingToken);
            await ages.Refresh(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
