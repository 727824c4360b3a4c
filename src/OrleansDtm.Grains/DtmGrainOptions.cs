using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains;

/// <summary>Options of the coordinator's grains.</summary>
public sealed class DtmGrainOptions
{
    /// <summary>
    /// The interval at which each shard is searched for due transactions. Default 1 s. It is the precision of waits
    /// longer than <see cref="KeepAlive"/>.
    /// </summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The number of rows a sweep reads per query. Default 500.</summary>
    public int SweepPageSize { get; set; } = 500;

    /// <summary>
    /// The number of transactions a sweep wakes concurrently. Default 64, because more would only queue in the store;
    /// less if the process has less than 1.5 GB of memory, because each may have megabytes.
    /// </summary>
    public int SweepConcurrency { get; set; } = MemoryShare.SweepConcurrency;

    /// <summary>The retention of finished transactions. Default 7 days; null = they are never deleted.</summary>
    public TimeSpan? Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// The longest wait that keeps a transaction in memory; after a longer one the sweep loads it again. Default 30 s.
    /// </summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The maximum number of calls in flight to one service, per silo. Default 512. Further calls wait, within their
    /// request timeout.
    /// </summary>
    public int BranchCallsPerServiceMax { get; set; } = 512;

    /// <summary>
    /// The maximum number of calls in flight to all services, per silo. Default: half of the process's limit of open
    /// files less 256, between 64 and 10,000. The last quarter is for services with less than an equal share
    /// in flight, and half of it for services with no call in flight.
    /// </summary>
    public int BranchCallsMax { get; set; } = OpenFiles.BranchCalls;

    /// <summary>The maximum number of transactions that jobs change in a second, 1 or more. Default 500.</summary>
    public int BatchRate { get; set; } = 500;

    /// <summary>The maximum number of calls in flight of one transaction. Default 64. Further calls wait.</summary>
    public int BranchCallsPerTransactionMax { get; set; } = 64;

    /// <summary>
    /// The maximum size of the transactions in memory, per silo, in bytes. At half of it, transactions that only wait
    /// leave the memory. Large ones (from 64 KiB, payloads and texts in memory) have it for themselves: at three
    /// quarters, large requests get "unavailable"; at the limit, large transactions are not resumed. Default: an eighth
    /// of the memory that .NET may use, at least 32 MiB.
    /// </summary>
    public long LiveBytesMax { get; set; } = MemoryShare.LiveBytes;

    /// <summary>
    /// True if this silo is the only process that uses the store. Calls that a previous process left in flight are then
    /// taken over at once instead of at the end of their lease. Default false.
    /// </summary>
    public bool SoleOwner { get; set; }

    /// <summary>The audit log.</summary>
    public AuditOptions Audit { get; } = new();

    /// <summary>Limits of namespaces.</summary>
    public NamespaceLimits Namespaces { get; } = new();

    /// <summary>Defaults and limits of requests.</summary>
    public RequestOptions Requests { get; } = new();

    /// <summary>
    /// Creates the store, which starts and stops with the silo; set by <c>UseSqlite</c>, <c>UseMySql</c> or
    /// <c>UsePostgres</c>. Null (default) = the application registers and starts an <see cref="ITransactionStore"/> and
    /// an <see cref="IKeyValueStore"/>.
    /// </summary>
    public Func<IServiceProvider, ITransactionStore>? Store { get; set; }

    /// <summary>
    /// The clock. Default: <see cref="Hosting.SteadyClock"/>, which ignores changes of the machine's clock.
    /// </summary>
    public TimeProvider Clock { get; set; } = new Hosting.SteadyClock(TimeProvider.System);
}
