using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Watching;

/// <summary>
/// Requests that wait for the end of transactions of this silo. Each reads the store once; then the transaction's run
/// completes it.
/// </summary>
internal sealed class EndWaits(ITransactionStore store, Lazy<Transactions> transactions) : ITransactionObserver
{
    /// <summary>The maximum number of waits of a namespace on a silo.</summary>
    public const int WaitsMax = 10_000;

    /// <summary>The maximum number of all waits on a silo.</summary>
    private const int AllMax = 4 * WaitsMax;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Waiters> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private volatile int _count;

    /// <summary>The waits on this silo.</summary>
    public int Count => _count;

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        // Not an end.
    }

    public void OnFinished(Transaction state)
    {
        if (_count > 0)
        {
            Complete(state.Definition.Gid, EndWait.Ended);
        }
    }

    /// <summary>Waits until a transaction has ended.</summary>
    /// <param name="gid">The gid.</param>
    /// <param name="atMost">The timeout.</param>
    /// <param name="cancellationToken">Gives the place up: the caller has gone.</param>
    public async Task<EndWait> Wait(string gid, TimeSpan atMost, CancellationToken cancellationToken)
    {
        // Entered before the read, so that no end is missed in between.
        if (Enter(gid) is not { } waiters)
        {
            return EndWait.TooMany;
        }

        try
        {
            var stored = await store.Load(gid, cancellationToken);
            return stored is null ? EndWait.NotFound
                : stored.Transaction.IsFinal ? EndWait.Ended
                : !transactions.Value.IsHere(gid) ? EndWait.Moved
                : await transactions.Value.Scheduler.Within(
                    atMost, waiters.Done.Task.WaitAsync(cancellationToken));
        }
        catch (StoreUnavailableException)
        {
            return EndWait.Unavailable;
        }
        catch (TimeoutException)
        {
            return EndWait.Unfinished;
        }
        finally
        {
            Leave(gid, waiters);
        }
    }

    /// <summary>Ends the waits for transactions that other silos own now.</summary>
    public void ReleaseMoved()
    {
        foreach (var gid in Gids().Where(gid => !transactions.Value.IsHere(gid)))
        {
            Complete(gid, EndWait.Moved);
        }
    }

    /// <summary>Ends all waits: this silo stops.</summary>
    public void ReleaseAll()
    {
        foreach (var gid in Gids())
        {
            Complete(gid, EndWait.Moved);
        }
    }

    private string[] Gids()
    {
        lock (_gate)
        {
            return [.. _waiting.Keys];
        }
    }

    private Waiters? Enter(string gid)
    {
        lock (_gate)
        {
            var space = Namespaces.Of(gid);
            var count = _counts.GetValueOrDefault(space);
            if (count >= WaitsMax || _count >= AllMax)
            {
                return null;
            }

            if (!_waiting.TryGetValue(gid, out var waiters))
            {
                _waiting[gid] = waiters = new Waiters();
            }

            waiters.Count++;
            _count++;
            _counts[space] = count + 1;
            return waiters;
        }
    }

    private void Leave(string gid, Waiters waiters)
    {
        lock (_gate)
        {
            _count--;
            var space = Namespaces.Of(gid);
            var count = _counts[space] - 1;
            if (count == 0)
            {
                _counts.Remove(space);
            }
            else
            {
                _counts[space] = count;
            }

            if (--waiters.Count == 0 && _waiting.TryGetValue(gid, out var current) && current == waiters)
            {
                _waiting.Remove(gid);
            }
        }
    }

    private void Complete(string gid, EndWait result)
    {
        Waiters? waiters;
        lock (_gate)
        {
            _waiting.Remove(gid, out waiters);
        }

        waiters?.Done.TrySetResult(result);
    }

    private sealed class Waiters
    {
        public TaskCompletionSource<EndWait> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; set; }
    }
}
