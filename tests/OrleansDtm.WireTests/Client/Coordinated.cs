using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.TestingHost;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Grains;

namespace OrleansDtm.WireTests.Client;

/// <summary>
/// A cluster with a coordinator and teller grains, in one silo or in two. The second silo is a client of the
/// coordinator. Branches that are not grains always succeed.
/// </summary>
internal sealed class Coordinated : IBranchInvoker, IAsyncDisposable
{
    public const string CoordinatorSilo = "Silo_0";
    public const string TellerSilo = "Silo_1";
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly InProcessTestCluster _cluster;

    private Coordinated(bool apart, Action<DtmGrainOptions>? configure)
    {
        var builder = new InProcessTestClusterBuilder((short)(apart ? 2 : 1));
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureClient(static client => client.AddOrleansDtmClient());
        builder.ConfigureSilo((options, silo) =>
        {
            silo.UseInMemoryReminderService();
            if (options.SiloName == CoordinatorSilo)
            {
                silo.Services.AddSingleton<ITransactionStore>(Store);
                silo.Services.AddSingleton<IKeyValueStore>(new InMemoryTransactionStore());
                silo.Services.AddSingleton<IBranchInvoker>(this);
                silo.AddOrleansDtm(configure);
            }
            else
            {
                silo.AddOrleansDtmClient();
            }

            if (apart == (options.SiloName == CoordinatorSilo))
            {
                // All silos of a test share its assembly. This makes the silo one whose program lacks the tellers'
                // code.
                silo.Configure<GrainTypeOptions>(static types =>
                    types.Classes.RemoveWhere(static type => type.Assembly == typeof(TellerGrain).Assembly));
                return;
            }

            silo.Services.AddSingleton(Teller);
            silo.AddBranchGrain<ITellerGrain>(
                methods:
                [
                    nameof(ITellerGrain.Deposit), nameof(ITellerGrain.Withdraw), nameof(ITellerGrain.Judge),
                    nameof(ITellerGrain.Reserve),
                ]);
            silo.AddBranchGrain<INumberedGrain>("Counter");
        });
        _cluster = builder.Build();
    }

    public Teller Teller { get; } = new();

    public WatchedStore Store { get; } = new();

    public IGrainFactory Grains => _cluster.Client;

    /// <summary>The API of a client outside the cluster's silos.</summary>
    public ITransactions Transactions => _cluster.Client.ServiceProvider.GetRequiredService<ITransactions>();

    public static async Task<Coordinated> Start(bool apart = false, Action<DtmGrainOptions>? configure = null)
    {
        var cluster = new Coordinated(apart, configure);
        await cluster._cluster.DeployAsync();
        await cluster._cluster.WaitForClusterManifestToStabilizeAsync();
        return cluster;
    }

    public IServiceProvider ServicesOf(string silo) =>
        _cluster.GetSiloServiceProvider(_cluster.Silos.Single(s => s.Name == silo).SiloAddress);

    /// <summary>A saga from account A to account B.</summary>
    public static SagaTransaction Saga(string a = "A", string b = "B") =>
        new SagaTransaction { RetryInterval = TimeSpan.FromMilliseconds(20) }
            .Step(Url(a, nameof(ITellerGrain.Withdraw)), Url(a, nameof(ITellerGrain.Deposit)), new Money(30, "EUR"))
            .Step(Url(b, nameof(ITellerGrain.Deposit)), Url(b, nameof(ITellerGrain.Withdraw)), new Money(30, "EUR"));

    public static string Url(string account, string method) => BranchUrl.Of<ITellerGrain>(account, method);

    public Task<TransactionResult> Run(GlobalTransaction transaction) =>
        Transactions.SubmitAndWait(transaction, Patience);

    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken) =>
        Task.FromResult(Outcome.Succeeded);

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }
}
