using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Alerts;

/// <summary>Makes a coordinator call for help.</summary>
public static class AlertSiloExtensions
{
    /// <summary>Tells a webhook of calls that keep failing. Without it nobody is told and nothing is watched.</summary>
    public static ISiloBuilder AddTransactionAlerts(this ISiloBuilder silo, AlertOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        silo.Services.AddSingleton(options);
        silo.Services.AddSingleton<AlertObserver>();
        silo.Services.AddSingleton<ITransactionObserver>(static provider => provider.GetRequiredService<AlertObserver>());
        silo.Services.AddHostedService<AlertSender>();
        return silo;
    }
}
