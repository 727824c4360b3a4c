using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Activity;

/// <summary>Adds the recent activity of a coordinator, for the admin page.</summary>
public static class ActivitySiloExtensions
{
    /// <summary>
    /// Adds an <see cref="ActivityWindow"/>. Other silos that have one can read it through <see
    /// cref="ActivityClient"/>.
    /// </summary>
    public static ISiloBuilder AddActivityWindow(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddSingleton<ISiloLoad, SiloLoadReader>();
        silo.Services.AddSingleton<ActivityWindow>();
        silo.Services.AddSingleton<ITransactionObserver>(
            static provider => provider.GetRequiredService<ActivityWindow>());
        silo.Services.AddSingleton<ActivityClient>();
        silo.AddGrainService<ActivityService>();
        return silo;
    }
}
