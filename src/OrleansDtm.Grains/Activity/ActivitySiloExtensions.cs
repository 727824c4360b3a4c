using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Activity;

/// <summary>Makes a coordinator remember what it did in the last minutes.</summary>
public static class ActivitySiloExtensions
{
    /// <summary>Adds an <see cref="ActivityWindow"/> that every silo of the cluster with one can read through <see cref="ActivityClient"/>.</summary>
    public static ISiloBuilder AddActivityWindow(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddSingleton<ActivityWindow>();
        silo.Services.AddSingleton<ITransactionObserver>(static provider => provider.GetRequiredService<ActivityWindow>());
        silo.Services.AddSingleton<ActivityClient>();
        silo.AddGrainService<ActivityService>();
        return silo;
    }
}
