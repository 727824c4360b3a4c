using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Core.Internal;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Transaction;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Brings back what nobody is working on in one shard of the store. The reminder makes sure that some silo always has this
/// activation; the sweep then goes over the due index. Waking a transaction that is awake already costs a local call and changes
/// nothing. Beside the sweep, what finished long ago is deleted.
/// </summary>
[ShardPlacement]
internal sealed class RecoveryGrain(
    ITransactionStore store,
    RunnerServices services,
    GrainReferences grains,
    GoneOwners gone,
    RetentionMetrics metrics,
    IOptions<DtmGrainOptions> options,
    ILogger<RecoveryGrain> log) : Grain, IRecoveryGrain, IRemindable
{
    private const string ReminderName = "sweep";

    private readonly Takeover _takeover = new();

    private ITransactionStore? _shard;
    private bool _away;
    private bool _reminded;
    private IGrainTimer? _retention;

    /// <summary>Null when the store has no such shard: somebody has restored a store of fewer, and a reminder is left.</summary>
    private ITransactionStore? Shard => Number >= 0 && Number < store.Shards.Count ? store.Shards[(int)Number] : null;

    private long Number => this.GetPrimaryKeyLong();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _shard = Shard;
        if (_shard is not null)
        {
            this.RegisterGrainTimer(
                static (grain, cancellation) => grain.Sweep(cancellation),
                this,
                new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.SweepInterval) { KeepAlive = true });
            StartRetention(_shard);
        }

        return Task.CompletedTask;
    }

    public async Task Start()
    {
        if (!_reminded)
        {
            // Orleans allows no shorter period; the timer does the work, the reminder only revives the grain.
            await this.RegisterOrUpdateReminder(ReminderName, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
            _reminded = true;
        }

        MoveToItsSilo();
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_shard is null && await this.GetReminder(ReminderName) is { } orphan)
        {
            await this.UnregisterReminder(orphan);
        }

        MoveToItsSilo();
    }

    /// <summary>
    /// A silo that has started, or gone, may make this another one's share. Asked from outside, so to speak: what a grain asks of itself
    /// ends the activation even when it is to stay.
    /// </summary>
    private void MoveToItsSilo() => this.AsReference<IGrainManagementExtension>().MigrateOnIdle().AsTask().Ignore();

    private void StartRetention(ITransactionStore shard)
    {
        if (options.Value.Retention is not { } retention)
        {
            return;
        }

        var sweep = new RetentionSweep(shard, Number, retention, services.Clock, metrics.Deleted, log);

        // Interleaved: the sweep does not wait for it.
        _retention = this.RegisterGrainTimer(
            async (_, cancellation) => _retention!.Change(await sweep.Next(cancellation), Timeout.InfiniteTimeSpan),
            sweep,
            new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
    }

    private async Task Sweep(CancellationToken cancellationToken)
    {
        try
        {
            // What is due comes first: looking for calls of the dead only spares them the rest of their lease.
            await TakeDue(cancellationToken);
            await TakeOver(cancellationToken);
            _away = false;
        }
        catch (StoreUnavailableException e)
        {
            if (!_away)
            {
                log.SweepStopped(e, Number);
            }

            _away = true; // The timer tries again; say it once.
        }
    }

    private async Task TakeDue(CancellationToken cancellationToken)
    {
        DueTransaction? last = null;
        IReadOnlyList<DueTransaction> page;
        var now = services.Clock.GetUtcNow();
        do
        {
            page = await _shard!.FindDue(now, last, options.Value.SweepPageSize, cancellationToken);
            await Wake(page, 0, cancellationToken);
            last = page.Count > 0 ? page[^1] : null;
        }
        while (page.Count == options.Value.SweepPageSize);
    }

    /// <summary>Takes what processes that are no more had under way.</summary>
    private async Task TakeOver(CancellationToken cancellationToken)
    {
        var alone = options.Value.SoleOwner;
        foreach (var owner in _takeover.Next(alone ? [services.Owner] : gone.Current(), alone, services.Clock.GetUtcNow()))
        {
            var all = false;
            try
            {
                all = await TakeInterrupted(owner, others: alone, cancellationToken);
            }
            finally
            {
                _takeover.Searched(owner, all, services.Clock.GetUtcNow());
            }
        }
    }

    /// <returns>All of them were taken; otherwise a later sweep goes over them again.</returns>
    private async Task<bool> TakeInterrupted(long owner, bool others, CancellationToken cancellationToken)
    {
        var all = true;
        long lastId = 0;
        var total = 0;
        IReadOnlyList<DueTransaction> page;
        do
        {
            page = await _shard!.FindInterrupted(owner, others, lastId, options.Value.SweepPageSize, cancellationToken);
            all &= await Wake(page, others ? 0 : owner, cancellationToken);
            total += page.Count;
            lastId = page.Count > 0 ? page[^1].Id : lastId;
        }
        while (page.Count == options.Value.SweepPageSize);
        if (total > 0)
        {
            log.TookOver(total);
        }

        return all;
    }

    /// <summary>Wakes a page with bounded concurrency: after an outage a million must not wake at once.</summary>
    /// <returns>Each of them took note.</returns>
    private async Task<bool> Wake(IReadOnlyList<DueTransaction> page, long goneOwner, CancellationToken cancellationToken)
    {
        var next = 0;
        var all = true;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(options.Value.SweepConcurrency, page.Count)).Select(_ => Worker()));
        return all && !cancellationToken.IsCancellationRequested;

        async Task Worker()
        {
            while (next < page.Count && !cancellationToken.IsCancellationRequested)
            {
                var due = page[next++];
                try
                {
                    all &= await grains.Transaction(due.Gid).Resume(goneOwner);
                }
                catch (Exception e)
                {
                    // Whatever is wrong with this one, those behind it are to be woken.
                    all = false;
                    log.WakeFailed(e, due.Gid);
                }
            }
        }
    }
}
