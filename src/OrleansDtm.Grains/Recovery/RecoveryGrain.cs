using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Transaction;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Brings back what nobody is working on. The reminder makes sure that some silo always has this activation; the sweep then goes
/// over the due index. Waking a transaction that is awake already costs a local call and changes nothing.
/// </summary>
[PreferLocalPlacement]
public sealed class RecoveryGrain(
    ITransactionStore store,
    RunnerServices services,
    GrainReferences grains,
    IOptions<DtmGrainOptions> options,
    ILogger<RecoveryGrain> log) : Grain, IRecoveryGrain, IRemindable
{
    private const string ReminderName = "sweep";

    private bool _interruptedTaken;
    private IGrainTimer? _timer;
    private bool _away;

    public async Task Start()
    {
        // Orleans allows no shorter period; the timer does the work, the reminder only revives the grain.
        await this.RegisterOrUpdateReminder(ReminderName, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        StartTimer();
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        StartTimer();
        return Task.CompletedTask;
    }

    private void StartTimer() => _timer ??= this.RegisterGrainTimer(
        static (grain, cancellation) => grain.Sweep(cancellation),
        this,
        new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.SweepInterval) { KeepAlive = true });

    private async Task Sweep(CancellationToken cancellationToken)
    {
        try
        {
            if (options.Value.SoleOwner && !_interruptedTaken)
            {
                _interruptedTaken = await TakeInterrupted(cancellationToken);
            }

            await TakeDue(cancellationToken);
            _away = false;
        }
        catch (StoreUnavailableException e)
        {
            if (!_away)
            {
                log.SweepStopped(e);
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
            page = await store.FindDue(now, last, options.Value.SweepPageSize, cancellationToken);
            await Wake(page, 0, cancellationToken);
            last = page.Count > 0 ? page[^1] : null;
        }
        while (page.Count == options.Value.SweepPageSize);
    }

    /// <returns>All of them were taken; otherwise the next sweep goes over them again.</returns>
    private async Task<bool> TakeInterrupted(CancellationToken cancellationToken)
    {
        var all = true;
        long lastId = 0;
        var total = 0;
        IReadOnlyList<DueTransaction> page;
        do
        {
            page = await store.FindInterrupted(services.Owner, others: true, lastId, options.Value.SweepPageSize, cancellationToken);
            all &= await Wake(page, 0, cancellationToken);
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
