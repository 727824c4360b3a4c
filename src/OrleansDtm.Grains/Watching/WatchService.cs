using Microsoft.Extensions.Logging;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace OrleansDtm.Grains.Watching;

/// <summary>What other silos ask this one about the transactions that it owns.</summary>
[Alias("dtm.IWatchService")]
public interface IWatchService : IGrainService
{
    /// <summary>
    /// Waits for the end of a transaction of this silo, at most 30 s, or until the caller has gone.
    /// </summary>
    [Alias("WaitForEnd"), ResponseTimeout("00:00:45")]
    Task<EndWait> WaitForEnd(string gid, TimeSpan atMost, CancellationToken cancellationToken);

    /// <summary>Returns the changes of this silo after a position; waits for the first one, at most 30 s.</summary>
    /// <param name="epoch">The recording of the position; 0 = start with the next change.</param>
    /// <param name="next">The number of the first change.</param>
    /// <param name="atMost">The longest wait.</param>
    [Alias("ReadChanges"), ResponseTimeout("00:00:45")]
    Task<ChangeBatch> ReadChanges(long epoch, long next, TimeSpan atMost);
}

internal sealed class WatchService(
    GrainId grainId, Silo silo, ILoggerFactory loggers, EndWaits ends, LocalChanges changes)
    : GrainService(grainId, silo, loggers), IWatchService
{
    /// <summary>The longest wait: shorter than the timeout of the response.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    public Task<EndWait> WaitForEnd(string gid, TimeSpan atMost, CancellationToken cancellationToken) => ends.Wait(
        gid, Limited(atMost), cancellationToken);

    public Task<ChangeBatch> ReadChanges(long epoch, long next, TimeSpan atMost) =>
        changes.Read(new ChangePosition(epoch, next), Limited(atMost), CancellationToken.None);

    private static TimeSpan Limited(TimeSpan wait) =>
        wait < TimeSpan.Zero ? TimeSpan.Zero : wait < WaitMax ? wait : WaitMax;
}

/// <summary>Asks single silos.</summary>
internal sealed class WatchClient(IServiceProvider services) : GrainServiceClient<IWatchService>(services)
{
    public IWatchService Of(SiloAddress silo) => GetGrainService(silo);
}
