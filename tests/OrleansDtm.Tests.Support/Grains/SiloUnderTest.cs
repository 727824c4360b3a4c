using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;

namespace OrleansDtm.Tests.Support.Grains;

/// <summary>
/// A silo with the coordinator's grains, a store in memory, and services whose responses the test determines.
/// </summary>
internal sealed class SiloUnderTest : IBranchInvoker, IAsyncDisposable
{
    /// <summary>A timeout that only failing tests reach.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly InProcessTestCluster _cluster;
    private readonly Channel<string> _made = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _calls = [];
    private readonly CancellationTokenSource _stopping = new();

    private SiloUnderTest(WatchedStore store, ITransactionStore whole, Action<DtmGrainOptions>? configure)
    {
        Store = store;
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(whole);
            silo.Services.AddSingleton<IKeyValueStore>(new InMemoryTransactionStore());
            silo.Services.AddSingleton<IBranchInvoker>(this);
            silo.UseInMemoryReminderService();
            silo.AddOrleansDtm(configure);
        });
        _cluster = builder.Build();
    }

    public WatchedStore Store { get; }

    /// <summary>The silo's services.</summary>
    public IServiceProvider Services => _cluster.Silos[0].ServiceProvider;

    /// <summary>Returns the response of a service; success by default.</summary>
    public Func<BranchInvocation, CancellationToken, Task<Outcome>> Service { get; set; } = static (_, _) =>
        Task.FromResult(Outcome.Succeeded);

    /// <summary>The URLs called so far.</summary>
    public IEnumerable<string> Calls => _calls;

    /// <param name="configure">The grains' options.</param>
    /// <param name="store">The store, which may contain rows already; null = an empty one.</param>
    public static async Task<SiloUnderTest> Start(Action<DtmGrainOptions>? configure = null, WatchedStore? store = null)
    {
        store ??= new WatchedStore();
        var silo = new SiloUnderTest(store, store, configure);
        await silo._cluster.DeployAsync();
        return silo;
    }

    /// <summary>Starts a silo whose store is spread over several.</summary>
    public static async Task<SiloUnderTest> Start(
        IReadOnlyList<WatchedStore> shards, Action<DtmGrainOptions>? configure = null)
    {
        var silo = new SiloUnderTest(shards[0], new ShardedTransactionStore(shards), configure);
        await silo._cluster.DeployAsync();
        return silo;
    }

    public static Planned Saga(params string[] actions) => new()
    {
        Type = TransactionType.Saga,
        Steps = [.. actions.Select(static action => new BranchStep(action, action + "/undo", default))],
        RequestTimeoutMs = 30_000,
    };

    /// <summary>Starts one more silo of the cluster on the same store.</summary>
    public async Task<SiloAddress> Join() => (await _cluster.StartAdditionalSiloAsync()).SiloAddress;

    /// <summary>Returns the silo that sweeps the shard; null = none at the moment.</summary>
    public async Task<SiloAddress?> SweptBy(int shard) => await _cluster.Client.GetGrain<IManagementGrain>(0)
        .GetActivationAddress(_cluster.Client.GetGrain<IRecoveryGrain>(shard));

    public Reached Grain(string gid) => new(_cluster.Client.GetGrain<ITransactionGrain>(gid), gid);

    public Task<TransactionReply> Submit(string gid, Planned saga) => Soon(Grain(gid).Submit(saga));

    /// <summary>Returns the reply. Fails after <see cref="Patience"/>, so that a test does not hang.</summary>
    public static Task<TransactionReply> Soon(Task<TransactionReply> reply) => reply.WaitAsync(Patience);

    /// <summary>Returns the URL of the next call that no test code has read yet.</summary>
    public async Task<string> NextCall() => await _made.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Completes when the transaction's activation is gone.</summary>
    public async Task Deactivated(string gid)
    {
        await _cluster.WaitForDeactivationAsync(Grain(gid).Grain).WaitAsync(Patience);
        Xunit.Assert.False(_cluster.TryGetGrainContext(Grain(gid).Grain.GetGrainId(), out _));
    }

    public bool IsActive(string gid) => _cluster.TryGetGrainContext(Grain(gid).Grain.GetGrainId(), out _);

    /// <summary>A service that does not answer before its caller's timeout.</summary>
    public static async Task<Outcome> Hang(CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellationToken.Register(cancelled.SetResult))
        {
            await cancelled.Task;
        }

        return Outcome.Unknown("no answer within the request timeout");
    }

    public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        _calls.Enqueue(call.Url);
        _made.Writer.TryWrite(call.Url);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        return await Service(call, ends.Token);
    }

    /// <summary>Stops the silo. The silo waits for its calls first.</summary>
    public Task Stop() => _cluster.StopAllSilosAsync();

    /// <summary>Ends the calls in flight.</summary>
    public void ReleaseCalls() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync(); // A silo waits for its calls before it stops.
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        _stopping.Dispose();
    }
}
