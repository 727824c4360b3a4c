using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// The limits that all branch calls of this silo share: calls in flight in total and per transaction. Also cancels the
/// calls of a transaction. Thread-safe.
/// </summary>
internal sealed class CallLimits
{
    private readonly ConcurrentDictionary<string, CallSet> _calls = new(StringComparer.Ordinal);

    public CallLimits(IOptions<DtmGrainOptions> options)
        : this(options.Value.BranchCallsMax, options.Value.BranchCallsPerTransactionMax)
    {
    }

    public CallLimits(int callsMax, int perTransactionMax)
    {
        CallsMax = callsMax;
        PerTransactionMax = perTransactionMax;
        Transactions = new FairGate(int.MaxValue, perTransactionMax);
        All = new FairGate(callsMax, shares: true);
    }

    public int CallsMax { get; }

    public int PerTransactionMax { get; }

    /// <summary>Places of the calls in flight; the key is the gid.</summary>
    public FairGate Transactions { get; }

    /// <summary>Places of the calls in flight; the key is the service.</summary>
    public FairGate All { get; }

    /// <summary>Lets <see cref="Cancel"/> cancel a call; <see cref="Forget"/> must follow.</summary>
    public void Remember(string gid, CancellationTokenSource call)
    {
        while (!_calls.GetOrAdd(gid, static _ => new CallSet()).TryAdd(call))
        {
            // The set has just been emptied and removed.
        }
    }

    public void Forget(string gid, CancellationTokenSource call)
    {
        if (_calls.TryGetValue(gid, out var calls) && calls.Remove(call))
        {
            _calls.TryRemove(KeyValuePair.Create(gid, calls));
        }
    }

    /// <summary>
    /// Cancels the calls of a transaction that are in flight or wait for a place. Their outcome is Unknown or NotSent.
    /// </summary>
    public void Cancel(string gid)
    {
        if (_calls.TryGetValue(gid, out var calls))
        {
            calls.Cancel();
        }
    }

    private sealed class CallSet
    {
        private readonly Lock _lock = new();
        private readonly List<CancellationTokenSource> _calls = [];
        private bool _removed;

        public bool TryAdd(CancellationTokenSource call)
        {
            lock (_lock)
            {
                if (!_removed)
                {
                    _calls.Add(call);
                }

                return !_removed;
            }
        }

        /// <summary>True if the set is empty now; it takes no further calls.</summary>
        public bool Remove(CancellationTokenSource call)
        {
            lock (_lock)
            {
                _calls.Remove(call);
                return _removed = _calls.Count == 0;
            }
        }

        public void Cancel()
        {
            CancellationTokenSource[] calls;
            lock (_lock)
            {
                calls = [.. _calls];
            }

            // Those that wait came last: they must not get the places of the others.
            for (var i = calls.Length - 1; i >= 0; i--)
            {
                try
                {
                    calls[i].Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // The call has just ended.
                }
            }
        }
    }
}
