using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// The limits that all branch calls of this silo share: calls in flight in total and per transaction. Also cancels the
/// calls of a transaction. Thread-safe.
/// </summary>
internal sealed class CallLimits
{
    private readonly ConcurrentDictionary<string, CallSet> _calls = new(StringComparer.Ordinal);

    public CallLimits(IOptions<DtmGrainOptions> options, Starvation? starvation, LiveMemory? live)
        : this(options.Value.BranchCallsMax, options.Value.BranchCallsPerTransactionMax) =>
        (Starvation, Live) = (starvation, live);

    public CallLimits(int callsMax, int perTransactionMax)
    {
        CallsMax = callsMax;
        PerTransactionMax = perTransactionMax;
        Transactions = new FairGate(int.MaxValue, perTransactionMax);
        All = new FairGate(callsMax, shares: true);
        Slow = new FairGate(Math.Max(1, callsMax / 2), shares: true);
        Long = new FairGate(Math.Max(1, callsMax * 3 / 8), shares: true);
    }

    /// <summary>A call with a longer timeout may hold its places for long.</summary>
    public static TimeSpan LongTimeout { get; } = TimeSpan.FromSeconds(30);

    public int CallsMax { get; }

    public int PerTransactionMax { get; }

    /// <summary>Gets the calls that find no place; null = nothing reports them.</summary>
    public Starvation? Starvation { get; }

    /// <summary>Counts payloads that are made of results; null = nothing counts them.</summary>
    public LiveMemory? Live { get; }

    /// <summary>Places of the calls in flight; the key is the gid.</summary>
    public FairGate Transactions { get; }

    /// <summary>Places of the calls in flight; the key is the service, qualified with the namespace.</summary>
    public FairGate All { get; }

    /// <summary>
    /// Half of the places: those for calls with a long timeout, and for services that do not answer. Taken before
    /// <see cref="All"/>, so that hanging calls cannot take all places. The key is the service,
    /// qualified with the namespace.
    /// </summary>
    public FairGate Slow { get; }

    /// <summary>
    /// Three quarters of the <see cref="Slow"/> places: those for calls with a long timeout. The others return within
    /// <see cref="LongTimeout"/>, so that a service that was silent once gets a place to show that it answers again.
    /// Taken before <see cref="Slow"/>. The key is the service, qualified with the namespace.
    /// </summary>
    public FairGate Long { get; }

    /// <summary>
    /// Lets <see cref="Cancel"/> cancel a call that a message takes to its <see cref="BranchGrain"/>.
    /// <see cref="NotExpected"/> must follow.
    /// </summary>
    public void Expect(BranchInvocation call) => Change(call.Gid, calls => calls.Expect((call.BranchId, call.Op)));

    public void NotExpected(BranchInvocation call) =>
        Release(call.Gid, calls => calls.NotExpected((call.BranchId, call.Op)));

    /// <summary>
    /// Lets <see cref="Cancel"/> cancel a call; cancels it if that has happened on its way. <see cref="Forget"/> must
    /// follow.
    /// </summary>
    public void Remember(BranchInvocation call, CancellationTokenSource budget) =>
        Change(call.Gid, calls => calls.Add((call.BranchId, call.Op), budget));

    public void Forget(BranchInvocation call, CancellationTokenSource budget) =>
        Release(call.Gid, calls => calls.Remove(budget));

    /// <summary>
    /// Cancels the calls of a transaction that are in flight, wait for a place, or are on their way to a
    /// <see cref="BranchGrain"/>. Their outcome is Unknown or NotSent. Does not block or throw.
    /// </summary>
    public void Cancel(string gid)
    {
        if (_calls.TryGetValue(gid, out var calls))
        {
            calls.Cancel();
        }
    }

    private void Change(string gid, Func<CallSet, bool> change)
    {
        while (!change(_calls.GetOrAdd(gid, static _ => new CallSet())))
        {
            // The set has just become empty, and is being removed.
        }
    }

    private void Release(string gid, Func<CallSet, bool> release)
    {
        if (_calls.TryGetValue(gid, out var calls) && release(calls))
        {
            _calls.TryRemove(KeyValuePair.Create(gid, calls));
        }
    }

    /// <summary>The calls of one transaction.</summary>
    private sealed class CallSet
    {
        private readonly Lock _lock = new();
        private readonly List<CancellationTokenSource> _calls = [];

        /// <summary>Calls on their way; true = cancelled.</summary>
        private readonly Dictionary<(string BranchId, string Op), bool> _expected = [];

        private bool _removed;

        /// <summary>False = the set is being removed; take another one.</summary>
        public bool Expect((string BranchId, string Op) call)
        {
            lock (_lock)
            {
                if (!_removed)
                {
                    _expected[call] = false;
                }

                return !_removed;
            }
        }

        /// <summary>False = the set is being removed; take another one.</summary>
        public bool Add((string BranchId, string Op) call, CancellationTokenSource budget)
        {
            bool isCancelled;
            lock (_lock)
            {
                if (_removed)
                {
                    return false;
                }

                _calls.Add(budget);
                isCancelled = _expected.GetValueOrDefault(call);
            }

            if (isCancelled)
            {
                budget.Cancel(); // Nothing is registered with it yet.
            }

            return true;
        }

        /// <summary>True = the set is empty now and takes no further calls.</summary>
        public bool NotExpected((string BranchId, string Op) call)
        {
            lock (_lock)
            {
                _expected.Remove(call);
                return IsEmpty();
            }
        }

        /// <summary>True = the set is empty now and takes no further calls.</summary>
        public bool Remove(CancellationTokenSource budget)
        {
            lock (_lock)
            {
                _calls.Remove(budget);
                return IsEmpty();
            }
        }

        public void Cancel()
        {
            CancellationTokenSource[] calls;
            lock (_lock)
            {
                calls = [.. _calls];
                foreach (var call in _expected.Keys.ToArray())
                {
                    _expected[call] = true;
                }
            }

            foreach (var call in calls)
            {
                try
                {
                    // Marked at once; what is registered runs on the thread pool, not in the transaction's turn.
                    _ = call.CancelAsync();
                }
                catch (ObjectDisposedException)
                {
                    // The call has just ended.
                }
            }
        }

        private bool IsEmpty() => _removed = _calls.Count == 0 && _expected.Count == 0;
    }
}
