using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Watching;

/// <summary>One recording of all silos.</summary>
internal sealed class ChangeStream : IDisposable
{
    /// <summary>The time that a new reader waits for silos that do not answer.</summary>
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Func<SiloAddress, ChangePosition, TimeSpan, CancellationToken, Task<ChangeBatch>> _ask;
    private readonly IClusterMembershipService _membership;
    private readonly Predicate<SiloAddress> _isOther;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _following;

    public ChangeStream(
        long epoch,
        Func<SiloAddress, ChangePosition, TimeSpan, CancellationToken, Task<ChangeBatch>> ask,
        IClusterMembershipService membership,
        Predicate<SiloAddress> isOther,
        TimeProvider clock,
        ILogger log)
    {
        (_ask, _membership, _isOther, _clock, _log) = (ask, membership, isOther, clock, log);
        Ring = new ChangeRing<WatchedChange>(epoch, ClusterChanges.Kept);
        Ended = _ending.Token;
        _following = Task.Run(Follow);
    }

    public ChangeRing<WatchedChange> Ring { get; }

    /// <summary>Completes when all silos are read, or after 2 s.</summary>
    public Task Started => _started.Task;

    /// <summary>Cancelled when the stream ends.</summary>
    public CancellationToken Ended { get; }

    public async Task Stop()
    {
        await _ending.CancelAsync();
        await _following;
        Dispose();
    }

    public void Dispose() => _ending.Dispose();

    /// <summary>Reads every active silo; the end or the arrival of one is a gap.</summary>
    private async Task Follow()
    {
        var sources = new Dictionary<SiloAddress, (CancellationTokenSource Gone, Task Reading)>();
        try
        {
            await foreach (var snapshot in _membership.MembershipUpdates.WithCancellation(_ending.Token))
            {
                var active = snapshot.Members.Values.Where(static m => m.Status == SiloStatus.Active)
                    .Select(static m => m.SiloAddress).Where(silo => !_isOther(silo)).ToHashSet();
                foreach (var silo in sources.Keys.Except(active).ToArray())
                {
                    await sources[silo].Gone.CancelAsync();
                    await sources[silo].Reading;
                    sources[silo].Gone.Dispose();
                    sources.Remove(silo);
                    Ring.Add(WatchedChange.Reset($"silo {silo.Endpoint} has left"));
                }

                var isFirst = sources.Count == 0;
                List<Task> begun = [];
                foreach (var silo in active.Except(sources.Keys).ToArray())
                {
                    var source = new Source(silo, isFirst);
                    var gone = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
                    sources[silo] = (gone, Task.Run(() => ReadAll(source, gone.Token)));
                    begun.Add(source.Begun.Task);
                }

                if (!_started.Task.IsCompleted && active.Count > 0)
                {
                    await Task.WhenAny(Task.WhenAll(begun), Task.Delay(StartMax, _clock, _ending.Token));
                    _started.TrySetResult();
                }
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The last reader has left long ago, or the silo stops.
        }
        finally
        {
            _started.TrySetResult();
            await Task.WhenAll(sources.Values.Select(static s => s.Reading));
            foreach (var source in sources.Values)
            {
                source.Gone.Dispose();
            }
        }
    }

    private async Task ReadAll(Source source, CancellationToken cancellationToken)
    {
        var position = default(ChangePosition);
        var isAway = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var batch = await _ask(source.Silo, position, Wait, cancellationToken);
                var isMissed = batch.HasGap && !(source.IsFirst && position == default);
                position = new ChangePosition(batch.Epoch, batch.Next);
                if (isMissed)
                {
                    Ring.Add(WatchedChange.Reset($"changes of silo {source.Silo.Endpoint} were missed"));
                }

                foreach (var change in batch.Changes)
                {
                    Ring.Add(new WatchedChange(change, ""));
                }

                source.Begun.TrySetResult();
                isAway = false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (_isOther(source.Silo))
                {
                    source.Begun.TrySetResult();
                    return; // What it hosts was not known yet when the reading began.
                }

                // Any: whatever it is, the readers must learn that changes of this silo are missing.
                if (!isAway)
                {
                    isAway = true;
                    _log.ChangesAway(e, source.Silo);
                    Ring.Add(WatchedChange.Reset($"silo {source.Silo.Endpoint} does not answer"));
                }

                await Task.Delay(Retry, _clock, CancellationToken.None);
            }
        }
    }

    private sealed record Source(SiloAddress Silo, bool IsFirst)
    {
        /// <summary>Completes when the silo has answered once.</summary>
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>An item of the stream.</summary>
/// <param name="Change">Null = changes before this item were missed.</param>
/// <param name="Reason">Why changes were missed; empty otherwise.</param>
public sealed record WatchedChange(TransactionChange? Change, string Reason)
{
    /// <summary>Changes were missed.</summary>
    public static WatchedChange Reset(string reason) => new(null, reason);
}
