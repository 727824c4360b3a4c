using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Alerts;

/// <summary>Adds alerts to a coordinator.</summary>
public static class AlertSiloExtensions
{
    /// <summary>
    /// Sends an alert to a webhook for each branch call that keeps failing. Without this call no alerts are sent.
    /// </summary>
    public static ISiloBuilder AddTransactionAlerts(this ISiloBuilder silo, AlertOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        silo.Services.AddSingleton(options);
        silo.Services.AddSingleton<AlertObserver>();
        silo.Services.AddSingleton<ITransactionObserver>(
            static provider => provider.GetRequiredService<AlertObserver>());
        silo.Services.AddHostedService<AlertSender>();
        return silo;
    }
}
