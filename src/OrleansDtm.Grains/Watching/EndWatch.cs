using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Watching;

/// <summary>
/// Waits for the end of a transaction, whichever silo owns it. The owner completes the wait; the store is read at its
/// start and every 30 s, in case the owner has changed unnoticed.
/// </summary>
public sealed class EndWatch : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The pause after the owner has changed or did not answer.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly EndWaits _ends;
    private readonly TransactionOwners _owners;
    private readonly WatchClient _client;
    private readonly IClusterMembershipService _membership;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;

    internal EndWatch(
        EndWaits ends,
        TransactionOwners owners,
        WatchClient client,
        IClusterMembershipService membership,
        TimeProvider clock) =>
        (_ends, _owners, _client, _membership, _clock) = (ends, owners, client, membership, clock);

    /// <summary>Waits until a transaction has ended.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="timeout">At most so long.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Ended, NotFound, Unfinished after the timeout, or TooMany.</returns>
    /// <exception cref="StoreUnavailableException">The store does not answer, or the silo stops.</exception>
    public async Task<EndWait> Wait(string gid, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        while (true)
        {
            if (_stopping.IsCancellationRequested)
            {
                throw new StoreUnavailableException("the coordinator is stopping");
            }

            var left = timeout - _clock.GetElapsedTime(started);
            var segment = left < WatchService.WaitMax ? left : WatchService.WaitMax;
            var result = await Ask(gid, segment, cancellationToken);
            switch (result)
            {
                case EndWait.Ended or EndWait.NotFound or EndWait.TooMany:
                    return result;
                case EndWait.Unavailable:
                    throw new StoreUnavailableException("the store of the transaction does not answer");
                case EndWait.Unfinished when segment == left:
                    return result;
                case EndWait.Unfinished:
                    break;
                default:
                    if (left <= TimeSpan.Zero)
                    {
                        return EndWait.Unfinished;
                    }

                    await Task.Delay(Pause, _clock, cancellationToken);
                    break;
            }
        }
    }

    // Before the silo's grains end, so that waiting requests are answered.
    void ILifecycleParticipant<ISiloLifecycle>.Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(EndWatch),
        ServiceLifecycleStage.Active,
        _ =>
        {
            _following = Task.Run(Follow, CancellationToken.None);
            return Task.CompletedTask;
        },
        async _ =>
        {
            await _stopping.CancelAsync();
            _ends.ReleaseAll();
            await _following;
        });

    public void Dispose() => _stopping.Dispose();

    private async Task<EndWait> Ask(string gid, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (_owners.IsHere(gid))
        {
            return await _ends.Wait(gid, wait < TimeSpan.Zero ? TimeSpan.Zero : wait, cancellationToken);
        }

        try
        {
            var owner = _client.Of(_owners.Of(GrainId.Create(_owners.Type, gid)));
            return await owner.WaitForEnd(gid, wait, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return EndWait.Moved; // The silo has left, or is of a version without this service.
        }
    }

    private async Task Follow()
    {
        try
        {
            await foreach (var _ in _membership.MembershipUpdates.WithCancellation(_stopping.Token))
            {
                _ends.ReleaseMoved();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }
}
