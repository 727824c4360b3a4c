using Microsoft.Extensions.Logging;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Goes over what is due in one shard, and over the calls of processes that are no more, and has each transaction resumed. Everything
/// it needs comes in by constructor, so that a simulator can run it on virtual time. Not thread-safe.
/// </summary>
/// <param name="shard">The store.</param>
/// <param name="number">Its number, for the log.</param>
/// <param name="owner">This process.</param>
/// <param name="gone">Processes known to be dead, the youngest first.</param>
/// <param name="resume">Wakes one transaction, telling it who is gone (0 = nobody); false = it could not look, ask again.</param>
/// <param name="clock">The time.</param>
/// <param name="options">Page size, concurrency, and whether this process is alone.</param>
/// <param name="log">Told of what was taken over, and of errors.</param>
/// <param name="metrics">Told how far behind it is; null = nobody is.</param>
internal sealed class RecoverySweep(
    ITransactionStore shard,
    long number,
    long owner,
    Func<IReadOnlyList<long>> gone,
    Func<string, long, Task<bool>> resume,
    TimeProvider clock,
    DtmGrainOptions options,
    ILogger log,
    SweepMetrics? metrics = null)
{
    private readonly Takeover _takeover = new();
    private bool _away;

    /// <summary>One sweep. A store that is away ends it; the next one tries again.</summary>
    public async Task Run(CancellationToken cancellationToken)
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
            metrics?.Failed(number);
            if (!_away)
            {
                log.SweepStopped(e, number);
            }

            _away = true; // Said once.
        }
    }

    private async Task TakeDue(CancellationToken cancellationToken)
    {
        DueTransaction? last = null;
        IReadOnlyList<DueTransaction> page;
        var now = clock.GetUtcNow();
        var (found, oldest) = (0, now);
        do
        {
            page = await shard.FindDue(now, last, options.SweepPageSize, cancellationToken);
            oldest = found == 0 && page.Count > 0 ? page[0].Due : oldest;
            found += page.Count;
            await Wake(page, 0, cancellationToken);
            last = page.Count > 0 ? page[^1] : null;
        }
        while (page.Count == options.SweepPageSize);
        metrics?.Swept(number, now - oldest, found, clock.GetUtcNow());
    }

    /// <summary>Takes what processes that are no more had under way.</summary>
    private async Task TakeOver(CancellationToken cancellationToken)
    {
        var alone = options.SoleOwner;
        foreach (var searched in _takeover.Next(alone ? [owner] : gone(), alone, clock.GetUtcNow()))
        {
            var all = false;
            try
            {
                all = await TakeInterrupted(searched, others: alone, cancellationToken);
            }
            finally
            {
                _takeover.Searched(searched, all, clock.GetUtcNow());
            }
        }
    }

    /// <returns>All of them were taken; otherwise a later sweep goes over them again.</returns>
    private async Task<bool> TakeInterrupted(long searched, bool others, CancellationToken cancellationToken)
    {
        var all = true;
        long lastId = 0;
        var total = 0;
        IReadOnlyList<DueTransaction> page;
        do
        {
            page = await shard.FindInterrupted(searched, others, lastId, options.SweepPageSize, cancellationToken);
            all &= await Wake(page, others ? 0 : searched, cancellationToken);
            total += page.Count;
            lastId = page.Count > 0 ? page[^1].Id : lastId;
        }
        while (page.Count == options.SweepPageSize);
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
        await Task.WhenAll(Enumerable.Range(0, Math.Min(options.SweepConcurrency, page.Count)).Select(_ => Worker()));
        return all && !cancellationToken.IsCancellationRequested;

        async Task Worker()
        {
            while (next < page.Count && !cancellationToken.IsCancellationRequested)
            {
                var due = page[next++];
                try
                {
                    all &= await resume(due.Gid, goneOwner);
                }
                catch (Exception e)
                {
                    // Whatever is wrong with this one, those behind it are to be woken.
                    all = false;
                    using (LogScope.Begin(log, due.Gid, null))
                    {
                        log.WakeFailed(e, due.Gid);
                    }
                }
            }
        }
    }
}
