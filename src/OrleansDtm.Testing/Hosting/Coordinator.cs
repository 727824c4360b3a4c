using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Server;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Testing.Calls;
using OrleansDtm.Testing.Journals;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing.Hosting;

/// <summary>
/// The production's server, with the store in memory, the virtual clock for transactions, counted turns, and the
/// scripted caller around the real one. Orleans and the limits of branch calls keep the real time.
/// </summary>
internal static class Coordinator
{
    public static WebApplication Build(
        DtmTestOptions options, Pacer pacer, Journal journal, Scripts scripts, BranchRouter router, Requests requests)
    {
        var settings = new CoordinatorOptions
        {
            HttpPort = 0,
            GrpcPort = 0,
            RetryInterval = options.RetryInterval,
            RetryIntervalMax = options.RetryIntervalMax,
            RequestTimeout = options.RequestTimeout,
            TimeoutToFail = options.TimeoutToFail,
            DrainTimeout = TimeSpan.FromSeconds(5),
            LogLevel = options.LogLevel,
            Admin = new AdminOptions { Enabled = false },
            Cluster = new ClusterOptions { SiloPort = 11111, ClusterId = "test", ServiceId = "test" },
        };
        return CoordinatorApp.Build(settings, builder =>
        {
            if (!options.OpenPorts)
            {
                builder.WebHost.UseTestServer();
            }

            if (options.LogLevel == LogLevel.None)
            {
                builder.Logging.ClearProviders();
            }

            Replace(builder.Services, pacer, journal, scripts, router, requests);
            NoListeners.Use(builder.Services);
            if (options.ConfigureSilo is { } configure)
            {
                builder.UseOrleans(configure);
            }
        });
    }

    private static void Replace(
        IServiceCollection services, Pacer pacer, Journal journal, Scripts scripts, BranchRouter router,
        Requests requests)
    {
        services.AddSingleton<IStartupFilter>(requests);
        var store = new InMemoryTransactionStore(pacer.Clock);
        services.AddSingleton<ITransactionStore>(new WatchedStore(store, journal));
        services.AddSingleton<IKeyValueStore>(store);
        services.AddSingleton(TimeProvider.System);
        services.PostConfigure<DtmGrainOptions>(grains =>
        {
            grains.Clock = pacer.Clock;
            grains.KeepAlive = TimeSpan.MaxValue; // Retries at their exact time: no sweep loads them again.
            grains.SoleOwner = true;
            grains.Retention = null;
            grains.Audit.Retention = null;
        });
        services.AddSingleton<TurnScheduler>(new CountedScheduler(pacer, TurnScheduler.ThreadPool(pacer.Clock)));
        services.AddSingleton<GrainBranchCaller>();
        services.AddSingleton<IBranchCaller>(provider => new ScriptedCaller(
            provider.GetRequiredService<GrainBranchCaller>(), pacer, scripts, journal));
        services.AddSingleton(new InvokerOptions { Handler = router });
    }

    /// <summary>Resumes an overdue transaction that is not in memory.</summary>
    public static Func<string, Task> Resumer(WebApplication app)
    {
        var transactions = app.Services.GetRequiredService<Transactions>();
        return gid => transactions.Tell(gid, TransactionEvent.TimeDue.Instance);
    }
}
