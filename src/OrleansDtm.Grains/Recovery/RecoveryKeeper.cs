using Microsoft.Extensions.Logging;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Makes sure at the start of this silo, and whenever another one goes, that every shard has its <see cref="RecoveryGrain"/>: a reminder
/// would bring it back too, but only within a minute. All silos do so; the grain is one all the same.
/// </summary>
internal sealed class RecoveryKeeper(
    IClusterMembershipService membership, IGrainFactory grains, ITransactionStore store, TimeProvider time, ILogger<RecoveryKeeper> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Asked for again this often: an activation that has just answered may end because its entry in the directory went with another silo.
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
                var active = snapshot.Members.Values.Where(static m => m.Status == SiloStatus.Active).Select(static m => m.SiloAddress).ToHashSet();
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
                // Its silo may have died just now, or the database is away: whatever it is, without the sweep nothing is taken up again.
                if (failures == 0)
                {
                    log.StartFailed(e, shard);
                }
            }

            await Task.Delay(Retry, time, _stopping.Token);
        }
    }
}
