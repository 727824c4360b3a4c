using OrleansDtm.Storage;

namespace OrleansDtm.Grains;

/// <summary>How the coordinator's grains behave.</summary>
public sealed class DtmGrainOptions
{
    /// <summary>How often each shard is searched for work that is due. Default 1 s: the precision of waits that are not spent in memory.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Rows a sweep reads at once. Default 500.</summary>
    public int SweepPageSize { get; set; } = 500;

    /// <summary>Transactions a sweep wakes side by side. Default 64: more would only queue in the store.</summary>
    public int SweepConcurrency { get; set; } = 64;

    /// <summary>Finished transactions are deleted after this. Default 7 days; null = they are kept for ever.</summary>
    public TimeSpan? Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>A wait up to this long is spent in memory, a longer one is left to the sweep. Default 30 s.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Calls to one service under way at once, per silo. Default 512; what exceeds it waits within its request timeout.</summary>
    public int BranchCallsPerServiceMax { get; set; } = 512;

    /// <summary>
    /// This silo is the only one and owns the store alone: what another process left under way is taken over at once instead of
    /// when its lease ends. Default false.
    /// </summary>
    public bool SoleOwner { get; set; }

    /// <summary>What requests may ask for, and what they get that they do not ask for.</summary>
    public RequestOptions Requests { get; } = new();

    /// <summary>
    /// Makes the store, which is started and stopped with the silo: <c>UseSqlite</c>, <c>UseMySql</c>, <c>UsePostgres</c>. Null (default) = an
    /// <see cref="ITransactionStore"/> and an <see cref="IKeyValueStore"/> are registered and started beside it.
    /// </summary>
    public Func<IServiceProvider, ITransactionStore>? Store { get; set; }

    /// <summary>The time. Default: <see cref="Hosting.SteadyClock"/>, which a change of the machine's clock does not move.</summary>
    public TimeProvider Clock { get; set; } = new Hosting.SteadyClock(TimeProvider.System);
}
