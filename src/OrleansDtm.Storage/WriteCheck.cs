using System.Diagnostics;

namespace OrleansDtm.Storage;

/// <summary>
/// Whether a database takes writes, for readiness: one that has become read-only, or whose disk is full, still answers reads. A commit
/// that has just gone well says so. Otherwise one small item is written, so that a process that gets no work, because it is not ready, finds
/// out when it can work again.
/// </summary>
/// <param name="writer">Of the same database.</param>
/// <param name="items">The same database.</param>
internal sealed class WriteCheck(GroupCommitWriter writer, IKeyValueStore items)
{
    private const string Category = "store";
    private const string Key = "write-check";

    /// <summary>So long a write that went well says that the next one will. An idle process writes no more often than this.</summary>
    private static readonly TimeSpan FreshMax = TimeSpan.FromSeconds(10);

    private readonly object _gate = new();
    private Task? _running;
    private long _good;

    /// <exception cref="StoreUnavailableException">It takes none; the message says why.</exception>
    public async Task Run(CancellationToken cancellationToken)
    {
        if (IsKnownGood())
        {
            return;
        }

        Task running;
        lock (_gate)
        {
            // One for all who ask meanwhile: a database that hangs must not gather questions.
            running = _running is { IsCompleted: false } other ? other : _running = Write();
        }

        await running.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The last thing that is known is a write that went well, and not long ago.</summary>
    private bool IsKnownGood()
    {
        var good = Math.Max(Volatile.Read(ref _good), writer.LastCommit);
        return good > writer.LastFailure && good > 0 && Stopwatch.GetElapsedTime(good) < FreshMax;
    }

    private async Task Write()
    {
        var started = Stopwatch.GetTimestamp();
        var item = await items.Get(Category, Key, CancellationToken.None).ConfigureAwait(false);

        // A conflict is another process, which has just written.
        await items.Put(Category, Key, "", item?.Version ?? 0, CancellationToken.None).ConfigureAwait(false);
        Volatile.Write(ref _good, started);
    }
}
