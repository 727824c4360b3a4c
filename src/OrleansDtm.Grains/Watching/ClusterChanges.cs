using Microsoft.Extensions.Logging;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Watching;

/// <summary>
/// The changes of all silos as one stream, for readers on this silo. It reads from the silos only while it has readers,
/// and a minute longer, so that a reader that reconnects misses nothing.
/// </summary>
public sealed class ClusterChanges : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The changes that are kept for a reader that is late or reconnects.</summary>
    internal const int Kept = 16_384;

    /// <summary>The time without readers after which the stream ends.</summary>
    internal static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(1);

    private readonly LocalChanges _local;
    private readonly WatchClient _client;
    private readonly ILocalSiloDetails _here;
    private readonly IClusterMembershipService _membership;
    private readonly TransactionOwners _owners;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly ITimer _idle;
    private ChangeStream? _stream;
    private int _readers;
    private bool _stopped;

    internal ClusterChanges(
        LocalChanges local,
        WatchClient client,
        ILocalSiloDetails here,
        IClusterMembershipService membership,
        TransactionOwners owners,
        TimeProvider clock,
        ILogger<ClusterChanges> log)
    {
        (_local, _client, _here, _membership, _owners) = (local, client, here, membership, owners);
        (_clock, _log) = (clock, log);
        _idle = clock.CreateTimer(
            static all => ((ClusterChanges)all!).EndIfIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Adds a reader. It sees all changes from now on, on every silo that answers.</summary>
    /// <param name="cancellationToken">Ends the wait for the silos.</param>
    /// <exception cref="InvalidOperationException">The silo stops.</exception>
    public async Task<ChangeReader> Open(CancellationToken cancellationToken)
    {
        ChangeStream stream;
        lock (_gate)
        {
            if (_stopped)
            {
                throw new InvalidOperationException("the coordinator is stopping");
            }

            _readers++;
            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            stream = _stream ??= new ChangeStream(
                _clock.GetUtcNow().UtcTicks, Ask, _membership, _owners.IsOther, _clock, _log);
        }

        try
        {
            await stream.Started.WaitAsync(cancellationToken);
            return new ChangeReader(stream.Ring, Close, stream.Ended);
        }
        catch
        {
            Close();
            throw;
        }
    }

    void ILifecycleParticipant<ISiloLifecycle>.Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(ClusterChanges), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, _ => Stop());

    public void Dispose() => _idle.Dispose();

    private Task<ChangeBatch> Ask(
        SiloAddress silo, ChangePosition after, TimeSpan wait, CancellationToken cancellationToken) =>
        silo.Equals(_here.SiloAddress)
            ? _local.Read(after, wait, cancellationToken)
            : _client.Of(silo).ReadChanges(after.Epoch, after.Next, wait).WaitAsync(cancellationToken);

    private void Close()
    {
        lock (_gate)
        {
            if (--_readers == 0)
            {
                _idle.Change(IdleMax, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void EndIfIdle()
    {
        lock (_gate)
        {
            if (_readers == 0 && _stream is { } stream)
            {
                _stream = null;
                stream.Stop().Ignore();
            }
        }
    }

    private Task Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            var stream = _stream;
            _stream = null;
            return stream?.Stop() ?? Task.CompletedTask;
        }
    }
}
