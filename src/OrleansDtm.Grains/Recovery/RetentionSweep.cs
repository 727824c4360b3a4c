using Microsoft.Extensions.Logging;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Deletes what has reached its retention, one batch per call: finished transactions of one shard, or audit records.
/// Not thread-safe.
/// </summary>
/// <param name="what">The plural of what is deleted, for the log.</param>
/// <param name="delete">Deletes a slice: gets the time now and the last id of the previous slice.</param>
/// <param name="number">The shard's number, for the log.</param>
/// <param name="retention">The time after which something is deleted.</param>
/// <param name="clock">The clock.</param>
/// <param name="deleted">Receives the number of deleted rows of each batch.</param>
/// <param name="log">Receives errors, and a line at the end of a pass that deleted something.</param>
internal sealed class RetentionSweep(
    string what,
    Func<DateTimeOffset, long, CancellationToken, Task<RetentionSlice>> delete,
    long number,
    TimeSpan retention,
    TimeProvider clock,
    Action<int> deleted,
    ILogger log)
{
    private long _lastId;
    private long _passDeleted;
    private long? _passStarted;
    private bool _failing;

    /// <summary>Deletes one batch.</summary>
    /// <returns>The delay before the next batch.</returns>
    public async Task<TimeSpan> Next(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        _passStarted ??= started;
        try
        {
            var slice = await delete(clock.GetUtcNow(), _lastId, cancellationToken);
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
                log.RetentionStopped(e, what, number);
            }

            _failing = true; // Logged once; the pass continues where it stopped.
            return RetentionPace.Retry;
        }
    }

    private TimeSpan EndPass()
    {
        if (_passDeleted > 0)
        {
            log.RetentionPassed(_passDeleted, what, number, retention);
        }

        var took = clock.GetElapsedTime(_passStarted!.Value);
        (_passDeleted, _passStarted) = (0, null);
        return RetentionPace.RestAfter(took, retention);
    }
}
