using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Resumes the due transactions of one shard, and transactions with calls of dead processes. All dependencies are
/// constructor parameters, so that a simulator can run it on virtual time. Not thread-safe.
/// </summary>
/// <param name="shard">The store of the shard.</param>
/// <param name="number">The shard's number, for the log.</param>
/// <param name="owner">The owner number of this process.</param>
/// <param name="gone">Returns the owner numbers of dead processes, the latest first.</param>
/// <param name="resume">Resumes one transaction, given its dead owner (0 = none); false = failed, try again.</param>
/// <param name="clock">The clock.</param>
/// <param name="options">Page size, concurrency, and whether this process is the sole owner.</param>
/// <param name="log">Receives takeovers and errors.</param>
/// <param name="metrics">Receives the lag; null = none.</param>
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

    /// <summary>Runs one sweep. An unavailable store ends it; the next sweep tries again.</summary>
    public async Task Run(CancellationToken cancellationToken)
    {
        try
        {
            // Due transactions come first: the search for calls of dead processes only shortens the rest of their
            // lease.
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

            _away = true; // Logged once.
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

    /// <summary>Resumes transactions with calls of dead processes.</summary>
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

    /// <returns>True if all were resumed; otherwise a later sweep tries again.</returns>
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

    /// <summary>
    /// Resumes a page of transactions with limited concurrency, because a million may be due after an outage.
    /// </summary>
    /// <returns>True if all were resumed.</returns>
    private async Task<bool> Wake(
        IReadOnlyList<DueTransaction> page, long goneOwner, CancellationToken cancellationToken)
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
                    // An error of one transaction must not stop the others.
                    all = false;
                    using (LogScope.Begin(log, due.Gid, null))
                    {
                        log.WakeFailed(e, Namespaces.Plain(due.Gid));
                    }
                }
            }
        }
    }
}
