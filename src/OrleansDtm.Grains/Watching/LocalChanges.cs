using OrleansDtm.Core;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Watching;

/// <summary>
/// The changes of the transactions that run on this silo. They are recorded only while a silo reads them, so that they
/// cost nothing otherwise.
/// </summary>
internal sealed class LocalChanges(TimeProvider clock) : ITransactionObserver
{
    /// <summary>The maximum number of changes of one read.</summary>
    public const int BatchMax = 1000;

    /// <summary>The number of changes that are kept for a reader that is late.</summary>
    private const int Kept = 16_384;

    /// <summary>The recording ends when nothing was read for this time.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private ChangeRing<TransactionChange>? _ring;
    private long _lastRead;

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        // Attempts are no change of the status.
    }

    public void OnFinished(Transaction state)
    {
        // A change of the status, too.
    }

    public void OnStatusChanged(Transaction state)
    {
        if (Volatile.Read(ref _ring) is not { } ring)
        {
            return;
        }

        if (clock.GetElapsedTime(Volatile.Read(ref _lastRead)) > IdleMax)
        {
            Volatile.Write(ref _ring, null);
            return;
        }

        ring.Add(TransactionChange.Of(state));
    }

    /// <summary>Returns the changes after a position; waits for the first one.</summary>
    /// <param name="after">The position; the default starts with the next change.</param>
    /// <param name="wait">At most so long; no changes after it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ChangeBatch> Read(ChangePosition after, TimeSpan wait, CancellationToken cancellationToken)
    {
        var ring = Recording();
        try
        {
            await ring.Grown(after).WaitAsync(wait, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nothing has changed.
        }

        Volatile.Write(ref _lastRead, clock.GetTimestamp());
        var (changes, position, hasGap) = ring.Read(after, BatchMax);
        return new ChangeBatch
        {
            Changes = changes,
            Epoch = position.Epoch,
            Next = position.Next,
            HasGap = hasGap,
        };
    }

    private ChangeRing<TransactionChange> Recording()
    {
        lock (_gate)
        {
            Volatile.Write(ref _lastRead, clock.GetTimestamp());
            if (_ring is not { } ring)
            {
                // The epoch differs from those of earlier recordings and earlier processes.
                ring = new ChangeRing<TransactionChange>(clock.GetUtcNow().UtcTicks, Kept);
                Volatile.Write(ref _ring, ring);
            }

            return ring;
        }
    }
}
