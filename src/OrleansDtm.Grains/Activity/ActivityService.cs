using Microsoft.Extensions.Logging;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace OrleansDtm.Grains.Activity;

/// <summary>On each silo that keeps an <see cref="ActivityWindow"/>: tells the others what is in it.</summary>
[Alias("dtm.IActivityService")]
public interface IActivityService : IGrainService
{
    [Alias("Read"), ResponseTimeout("00:00:02")]
    Task<ActivityReport> Read();
}

internal sealed class ActivityService(GrainId grainId, Silo silo, ILoggerFactory loggers, ActivityWindow window)
    : GrainService(grainId, silo, loggers), IActivityService
{
    public Task<ActivityReport> Read() => Task.FromResult(window.Read());
}

/// <summary>Asks the silos of the cluster one by one.</summary>
public sealed class ActivityClient(IServiceProvider services) : GrainServiceClient<IActivityService>(services)
{
    /// <summary>What the silo has done.</summary>
    /// <returns>Null when it does not answer, or keeps no window.</returns>
    public async Task<ActivityReport?> Read(SiloAddress silo, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(silo);
        try
        {
            return await GetGrainService(silo).Read().WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return null;
        }
    }
}
