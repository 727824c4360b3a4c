using Microsoft.Extensions.Logging;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>Deletes what finished long ago from one shard, a slice each time it is called. Not thread-safe.</summary>
/// <param name="shard">The store.</param>
/// <param name="number">Its number, for the log.</param>
/// <param name="retention">Age of the end from which on a transaction goes.</param>
/// <param name="clock">The time.</param>
/// <param name="deleted">Told how many went, slice by slice.</param>
/// <param name="log">Told at the end of a pass that deleted something, and of errors.</param>
internal sealed class RetentionSweep(
    ITransactionStore shard, long number, TimeSpan retention, TimeProvider clock, Action<int> deleted, ILogger log)
{
    private long _lastId;
    private long _passDeleted;
    private long? _passStarted;
    private bool _failing;

    /// <summary>Deletes one slice.</summary>
    /// <returns>How long to wait before the next one.</returns>
    public async Task<TimeSpan> Next(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        _passStarted ??= started;
        try
        {
            var slice = await shard.DeleteFinished(clock.GetUtcNow() - retention, _lastId, RetentionPace.SliceRows, cancellationToken);
            _failing = false;
            _lastId = slice.LastId;
            _passDeleted += slice.Deleted;
            deleted(slice.Deleted);
            return slice.LastId > 0 ? RetentionPace.PauseAfter(clock.GetElapsedTime(started)) : EndPass();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (!_failing)
            {
                log.RetentionStopped(e, number);
            }

            _failing = true; // Said once; it goes on where it was, for as long as it takes.
            return RetentionPace.Retry;
        }
    }

    private TimeSpan EndPass()
    {
        if (_passDeleted > 0)
        {
            log.RetentionPassed(_passDeleted, number, retention);
        }

        var took = clock.GetElapsedTime(_passStarted!.Value);
        (_passDeleted, _passStarted) = (0, null);
        return RetentionPace.RestAfter(took, retention);
    }
}
