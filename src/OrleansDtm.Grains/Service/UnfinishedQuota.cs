using System.Collections.Concurrent;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Bounds the unfinished transactions of a caller that this silo has accepted since its start. A transaction that ends
/// on this silo is no longer counted at once; others are looked up in the store when the bound is reached.
/// </summary>
public sealed class UnfinishedQuota(ITransactionStore store, TimeProvider clock) : ITransactionObserver
{
    /// <summary>The number of transactions that one look checks.</summary>
    private const int LookMax = 16;

    /// <summary>The minimum time between two looks for the same caller.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Holder> _holders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Holder> _byGid = new(StringComparer.Ordinal);

    /// <summary>Counts a transaction. <see cref="Release"/> must follow if a new one is not accepted.</summary>
    /// <param name="caller">The caller's name, unique among callers.</param>
    /// <param name="max">The bound; at least 1.</param>
    /// <param name="gid">The transaction; one that is counted already changes nothing.</param>
    public async ValueTask<QuotaPlace> TryTake(string caller, int max, string gid)
    {
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(gid);
        var holder = _holders.GetOrAdd(caller, static _ => new Holder());
        var place = Add(holder, gid, max);
        if (place == QuotaPlace.None)
        {
            await Look(holder);
            place = Add(holder, gid, max);
        }

        // What another silo has accepted must be submitted or repeated here too.
        if (place != QuotaPlace.None)
        {
            return place;
        }

        if (await store.Load(gid, CancellationToken.None) is not null)
        {
            return QuotaPlace.Held;
        }

        holder.Refuse();
        return QuotaPlace.None;
    }

    /// <summary>The transactions that count against the caller's bound, and the refused ones.</summary>
    /// <param name="caller">The name as in <see cref="TryTake"/>; unknown = it has sent none.</param>
    public (int Held, long Refused) Of(string caller) =>
        _holders.TryGetValue(caller, out var holder) ? holder.Read() : default;

    /// <summary>The transaction has ended, or was not accepted.</summary>
    public void Release(string gid)
    {
        ArgumentNullException.ThrowIfNull(gid);
        if (_byGid.TryRemove(gid, out var holder))
        {
            holder.Remove(gid);
        }
    }

    void ITransactionObserver.OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
    }

    void ITransactionObserver.OnFinished(Transaction state) => Release(state.Definition.Gid);

    private QuotaPlace Add(Holder holder, string gid, int max)
    {
        var place = holder.Add(gid, max);
        if (place == QuotaPlace.New)
        {
            _byGid[gid] = holder;
        }

        return place;
    }

    private async Task Look(Holder holder)
    {
        foreach (var gid in holder.TakeOldest(clock, LookInterval, LookMax))
        {
            // The page of a listing does not read the payloads of branches.
            var found = await store.List(new TransactionFilter { Gid = gid, Limit = 1 }, CancellationToken.None);
            if (found is [] or [{ Transaction.IsFinal: true }])
            {
                Release(gid);
            }
        }
    }

    /// <summary>The unfinished transactions of one caller, the one that was checked least recently first.</summary>
    private sealed class Holder
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, LinkedListNode<string>> _nodes = new(StringComparer.Ordinal);
        private readonly LinkedList<string> _gids = [];
        private long? _looked;
        private long _refused;

        public void Refuse() => Interlocked.Increment(ref _refused);

        public (int Held, long Refused) Read()
        {
            lock (_gate)
            {
                return (_nodes.Count, Interlocked.Read(ref _refused));
            }
        }

        public QuotaPlace Add(string gid, int max)
        {
            lock (_gate)
            {
                if (_nodes.ContainsKey(gid))
                {
                    return QuotaPlace.Held;
                }

                if (_nodes.Count >= max)
                {
                    return QuotaPlace.None;
                }

                _nodes.Add(gid, _gids.AddLast(gid));
                return QuotaPlace.New;
            }
        }

        public void Remove(string gid)
        {
            lock (_gate)
            {
                if (_nodes.Remove(gid, out var node))
                {
                    _gids.Remove(node);
                }
            }
        }

        /// <summary>Moves the returned ones to the end. Empty within the interval after the last call.</summary>
        public string[] TakeOldest(TimeProvider clock, TimeSpan interval, int max)
        {
            lock (_gate)
            {
                if (_looked is { } looked && clock.GetElapsedTime(looked) < interval)
                {
                    return [];
                }

                _looked = clock.GetTimestamp();
                string[] oldest = [.. _gids.Take(max)];
                foreach (var node in oldest.Select(gid => _nodes[gid]))
                {
                    _gids.Remove(node);
                    _gids.AddLast(node);
                }

                return oldest;
            }
        }
    }
}

/// <summary>The result of <see cref="UnfinishedQuota.TryTake"/>.</summary>
public enum QuotaPlace
{
    /// <summary>The caller has reached the bound.</summary>
    None = 0,

    /// <summary>The transaction is counted from now on.</summary>
    New = 1,

    /// <summary>The transaction exists: the request is a repetition or a next step.</summary>
    Held = 2,
}
