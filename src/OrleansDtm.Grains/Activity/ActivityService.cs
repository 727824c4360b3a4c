using Microsoft.Extensions.Logging;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace OrleansDtm.Grains.Activity;

/// <summary>Returns this silo's <see cref="ActivityWindow"/> to other silos.</summary>
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

/// <summary>Reads the activity of single silos.</summary>
public sealed class ActivityClient(IServiceProvider services) : GrainServiceClient<IActivityService>(services)
{
    /// <summary>Returns the recent activity of a silo.</summary>
    /// <returns>Null if the silo does not respond or has no activity window.</returns>
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
