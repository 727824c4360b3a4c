using OrleansDtm.Server.Metrics;

namespace OrleansDtm.Server.Telemetry;

/// <summary>
/// Counts unfinished transactions for those who are sent measurements; whoever scrapes has them counted by scraping. Registered after
/// the store, so that it stops before it.
/// </summary>
internal sealed class GaugeRefresher(UnfinishedGauges gauges, UnfinishedAgeGauges ages, TimeProvider clock, IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.ApplicationStarted.Register(started.SetResult))
        {
            await started.Task.WaitAsync(stoppingToken); // There is no store before.
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
