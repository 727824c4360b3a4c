using Microsoft.Extensions.Logging;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Activates the <see cref="RecoveryGrain"/> of every shard when this silo starts and when another one leaves. A
/// reminder would need up to a minute. All silos do this; there is still one activation per shard.
/// </summary>
internal sealed class RecoveryKeeper(
    IClusterMembershipService membership, IGrainFactory grains, ITransactionStore store, TimeProvider time,
    ILogger<RecoveryKeeper> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The interval of repeated checks: an activation may end after it responded, if its directory entry was on a silo
    /// that left.
    /// </summary>
    private static readonly TimeSpan Patrol = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(RecoveryKeeper),
        ServiceLifecycleStage.Active,
        _ =>
        {
            _loop = Task.Run(() => Task.WhenAll(Run(), Walk()), CancellationToken.None);
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
        try
        {
            HashSet<SiloAddress>? known = null;
            await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(_stopping.Token))
            {
                var active = snapshot.Members.Values.Where(static m => m.Status == SiloStatus.Active)
                    .Select(static m => m.SiloAddress)
                    .ToHashSet();
                if (known is null || !known.IsSubsetOf(active))
                {
                    await StartAll();
                }

                known = active;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task Walk()
    {
        try
        {
            using var timer = new PeriodicTimer(Patrol, time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await StartAll();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private Task StartAll() => Task.WhenAll(Enumerable.Range(0, store.Shards.Count).Select(Start));

    private async Task Start(int shard)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                await grains.GetGrain<IRecoveryGrain>(shard).Start().WaitAsync(_stopping.Token);
                return;
            }
            catch (Exception e) when (!_stopping.IsCancellationRequested)
            {
                // Retry after any error (a dead silo, an unavailable database): without the sweep nothing is resumed.
                if (failures == 0)
                {
                    log.StartFailed(e, shard);
                }
            }

            await Task.Delay(Retry, time, _stopping.Token);
        }
    }
}
