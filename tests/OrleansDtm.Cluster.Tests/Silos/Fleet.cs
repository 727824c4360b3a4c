using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.TestingHost;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Grains;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>
/// Silos of one cluster in this process, over a store and services that the test gives. Two fleets over one store are
/// what a network that has split makes of one: each believes to be alone with the transactions.
/// </summary>
internal sealed class Fleet : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly InProcessTestCluster _cluster;

    private Fleet(int silos, ITransactionStore store, IBranchInvoker services, Action<DtmGrainOptions>? configure)
    {
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.UseRealEnvironmentStatistics = true;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(store);
            silo.Services.AddSingleton<IKeyValueStore>(new InMemoryTransactionStore());
            silo.Services.AddSingleton(services);
            silo.Configure<ClusterMembershipOptions>(static options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(1);
                options.NumMissedProbesLimit = 2;
                options.MaxProbeTimeout = TimeSpan.FromSeconds(2);
            });
            silo.UseInMemoryReminderService();
            silo.AddOrleansDtm(options =>
            {
                options.SweepInterval = TimeSpan.FromMilliseconds(200);
                configure?.Invoke(options);
            });
        });
        _cluster = builder.Build();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Fleet> Start(
        int silos, ITransactionStore store, IBranchInvoker services, Action<DtmGrainOptions>? configure = null)
    {
        var fleet = new Fleet(silos, store, services, configure);
        await fleet._cluster.DeployAsync(Cancel);
        return fleet;
    }

    /// <summary>A tcc without branches, yet.</summary>
    public static Planned Tcc { get; } = new()
    {
        Type = TransactionType.Tcc,
        TimeoutToFailMs = 35_000,
        RetryIntervalMs = 100,
        RetryIntervalMaxMs = 1000,
        RequestTimeoutMs = 3000,
    };

    /// <summary>One silo drops dead: nothing is said, nothing is finished.</summary>
    public Task Kill(int silo) => _cluster.KillSiloAsync(_cluster.Silos[silo], Cancel);

    /// <summary>The silo that works on this transaction drops dead.</summary>
    public async Task KillOwner(string gid)
    {
        var silo = await _cluster.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(Grain(gid).Grain);
        await _cluster.KillSiloAsync(_cluster.GetSiloForAddress(silo!)!, Cancel);
    }

    /// <summary>One silo leaves in good order.</summary>
    public Task Stop(int silo) => _cluster.StopSiloAsync(_cluster.Silos[silo], Cancel);

    public Task Add() => _cluster.StartAdditionalSiloAsync();

    /// <summary>Where transactions are in memory: silo and grain of each.</summary>
    public async Task<IReadOnlyList<(SiloAddress Silo, string Gid)>> Activations()
    {
        var grains = await _cluster.Client.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        var type = Grain("any").Grain.GetGrainId().Type;
        return
        [
            .. grains.Where(g => g.GrainId.Type == type).Select(static g => (g.SiloAddress, g.GrainId.Key.ToString()!)),
        ];
    }

    public Reached Grain(string gid) => new(_cluster.Client.GetGrain<ITransactionGrain>(gid), gid);

    /// <summary>Submits through some silo, again until one has taken it.</summary>
    public async Task Submit(Transfer transfer)
    {
        Exception? last = null;
        await Poll.Until(
            async () =>
            {
                try
                {
                    var reply = await Grain(transfer.Gid)
                        .Submit(TellerBank.Saga(transfer))
                        .WaitAsync(TimeSpan.FromSeconds(10), Cancel);
                    return reply.Kind != ReplyKind.Unavailable;
                }
                catch (Exception e) when (e is OrleansException or TimeoutException or InvalidOperationException)
                {
                    last = e; // Its silo has gone.
                    return false;
                }
            },
            Patience,
            () => $"{transfer.Gid} is not taken: {last}",
            Cancel);
    }

    /// <summary>The statuses of all, once all are final.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> Ends(
        ITransactionStore store, IEnumerable<Transfer> transfers)
    {
        var statuses = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var transfer in transfers)
        {
            var ended = await End(store, transfer.Gid);
            statuses[transfer.Gid] = ended.Status == TransactionStatus.Succeed ? "succeed" : "failed";
        }

        return statuses;
    }

    public static async Task<Transaction> End(ITransactionStore store, string gid)
    {
        StoredTransaction? stored = null;
        await Poll.Until(
            async () => (stored = await store.Load(gid, Cancel))?.Transaction.IsFinal == true,
            Patience,
            () => $"{gid} does not end: {stored}",
            Cancel);
        return stored!.Transaction;
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync(CancellationToken.None);
        await _cluster.DisposeAsync();
    }
}
