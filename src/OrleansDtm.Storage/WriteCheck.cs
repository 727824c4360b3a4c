using System.Diagnostics;

namespace OrleansDtm.Storage;

/// <summary>
/// Whether a database accepts writes, for readiness: a read-only database, or one with a full disk, still answers
/// reads. A recent successful commit is enough. Otherwise one small item is written, so that a process that is not
/// ready, and therefore gets no work, notices when it can work again.
/// </summary>
/// <param name="writer">The writer of the database.</param>
/// <param name="items">The items of the same database.</param>
internal sealed class WriteCheck(GroupCommitWriter writer, IKeyValueStore items)
{
    private const string Category = "store";
    private const string Key = "write-check";

    /// <summary>
    /// How long a successful write counts as a sign that the next one will succeed. An idle process writes no more
    /// often.
    /// </summary>
    private static readonly TimeSpan FreshMax = TimeSpan.FromSeconds(10);

    private readonly object _gate = new();
    private Task? _running;
    private long _good;

    /// <exception cref="StoreUnavailableException">It accepts none; the message contains the reason.</exception>
    public async Task Run(CancellationToken cancellationToken)
    {
        if (IsKnownGood())
        {
            return;
        }

        Task running;
        lock (_gate)
        {
            // All concurrent callers share one check, so that they do not accumulate on a database that hangs.
            running = _running is { IsCompleted: false } other ? other : _running = Write();
        }

        await running.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The last write was successful and recent.</summary>
    private bool IsKnownGood()
    {
        var good = Math.Max(Volatile.Read(ref _good), writer.LastCommit);
        return good > writer.LastFailure && good > 0 && Stopwatch.GetElapsedTime(good) < FreshMax;
    }

    private async Task Write()
    {
        var started = Stopwatch.GetTimestamp();
        var item = await items.Get(Category, Key, CancellationToken.None).ConfigureAwait(false);

        // A conflict means that another process has just written.
        await items.Put(Category, Key, "", item?.Version ?? 0, CancellationToken.None).ConfigureAwait(false);
        Volatile.Write(ref _good, started);
    }
}
