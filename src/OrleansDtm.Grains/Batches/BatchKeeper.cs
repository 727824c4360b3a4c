using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Batches;

/// <summary>
/// Wakes the grain that runs jobs every few seconds, from each silo, so that a job goes on after its silo has died.
/// </summary>
internal sealed class BatchKeeper(IGrainFactory grains, TimeProvider time, ILogger<BatchKeeper> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(BatchKeeper),
        ServiceLifecycleStage.Active,
        _ =>
        {
            _loop = Task.Run(Run, CancellationToken.None);
            return Task.CompletedTask;
        },
        async _ =>
        {
            await _stopping.CancelAsync();
            await _loop;
        });

    public void Dispose() => _stopping.Dispose();

    private async Task Run()
    {
        var isAway = false;
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            do
            {
                try
                {
                    await grains.GetGrain<IBatchGrain>(0).Keep().WaitAsync(_stopping.Token);
                    isAway = false;
                }
                catch (Exception e) when (!_stopping.IsCancellationRequested)
                {
                    // Any: a silo that dies, or an older version without this grain.
                    if (!isAway)
                    {
                        log.JobsAway(e);
                    }

                    isAway = true;
                }
            }
            while (await timer.WaitForNextTickAsync(_stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }
}
