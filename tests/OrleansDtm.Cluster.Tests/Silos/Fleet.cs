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
/// Silos of one cluster in this process, with the test's store and services. Two fleets on one store simulate a network
/// partition: each acts as the only owner of the transactions.
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

    /// <summary>A tcc that has no branches yet.</summary>
    public static Planned Tcc { get; } = new()
    {
        Type = TransactionType.Tcc,
        TimeoutToFailMs = 35_000,
        RetryIntervalMs = 100,
        RetryIntervalMaxMs = 1000,
        RequestTimeoutMs = 3000,
    };

    /// <summary>The services of one silo.</summary>
    public IServiceProvider ServicesOf(int silo) =>
        _cluster.GetSiloServiceProvider(_cluster.Silos[silo].SiloAddress);

    /// <summary>Kills one silo: it sends no messages and finishes nothing.</summary>
    public Task Kill(int silo) => _cluster.KillSiloAsync(_cluster.Silos[silo], Cancel);

    /// <summary>Kills the silo that owns this transaction.</summary>
    public async Task KillOwner(string gid)
    {
        var silo = await _cluster.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(Grain(gid).Grain);
        await _cluster.KillSiloAsync(_cluster.GetSiloForAddress(silo!)!, Cancel);
    }

    /// <summary>Stops one silo gracefully.</summary>
    public Task Stop(int silo) => _cluster.StopSiloAsync(_cluster.Silos[silo], Cancel);

    public Task Add() => _cluster.StartAdditionalSiloAsync();

    /// <summary>Returns the silo and the gid of each transaction in memory.</summary>
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

    /// <summary>Submits through the cluster; retries until a silo accepts it.</summary>
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
                    last = e; // The silo is gone.
                    return false;
                }
            },
            Patience,
            () => $"{transfer.Gid} is not taken: {last}",
            Cancel);
    }

    /// <summary>Waits until all transfers are final and returns their statuses.</summary>
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
