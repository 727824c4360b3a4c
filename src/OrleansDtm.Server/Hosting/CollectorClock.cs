using Microsoft.Extensions.Options;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Hosting;

namespace OrleansDtm.Server.Hosting;

/// <summary>
/// Gives Orleans' collector of idle grains a clock that is never corrected. The coordinator's clock follows the
/// database's when the silo starts. If the machine's clock was ahead by more than the age of idle grains, the
/// collector, which was created before that, would refuse every activation until the clock had caught up.
/// </summary>
internal static class CollectorClock
{
    /// <summary>An internal class of Orleans.</summary>
    private const string Collector = "Orleans.Runtime.ActivationCollector";

    public static void KeepCollectorClock(this IServiceCollection services)
    {
        // An Orleans without it must be noticed by whoever updates Orleans: every start fails here.
        var collector = services.Single(static service => service.ServiceType.FullName == Collector).ServiceType;
        services.AddSingleton(collector, provider => ActivatorUtilities.CreateInstance(
            provider,
            collector,
            Steady(provider.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock)));
    }

    /// <summary>A configured clock, such as that of tests, is never corrected.</summary>
    private static TimeProvider Steady(TimeProvider clock) =>
        clock is SteadyClock ? new SteadyClock(TimeProvider.System) : clock;
}
