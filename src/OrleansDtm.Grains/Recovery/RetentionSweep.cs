using Microsoft.Extensions.Logging;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Deletes finished transactions after their retention from one shard, one batch per call. Not thread-safe.
/// </summary>
/// <param name="shard">The store of the shard.</param>
/// <param name="number">The shard's number, for the log.</param>
/// <param name="retention">The time after the end of a transaction at which it is deleted.</param>
/// <param name="clock">The clock.</param>
/// <param name="deleted">Receives the number of deleted transactions of each batch.</param>
/// <param name="log">Receives errors, and a line at the end of a pass that deleted transactions.</param>
internal sealed class RetentionSweep(
    ITransactionStore shard, long number, TimeSpan retention, TimeProvider clock, Action<int> deleted, ILogger log)
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
            var slice = await shard.DeleteFinished(
                clock.GetUtcNow() - retention, _lastId, RetentionPace.SliceRows, cancellationToken);
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

            _failing = true; // Logged once; the pass continues where it stopped.
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
