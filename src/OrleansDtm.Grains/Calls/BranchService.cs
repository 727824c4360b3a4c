using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Invokers;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Makes this silo's calls to one service within a bulkhead, so that a service that hangs does not block calls to
/// others. Thread-safe; not bound to a grain scheduler.
/// </summary>
/// <param name="name">Host and port, or <c>grain://Name</c>.</param>
/// <param name="services">Calls HTTP and gRPC services.</param>
/// <param name="grains">Calls grains.</param>
/// <param name="clock">Measures the timeout and the latency of a call.</param>
/// <param name="callsMax">The maximum number of calls in flight.</param>
/// <param name="limits">The limits of all calls of this silo.</param>
/// <param name="metrics">Counts every call.</param>
internal sealed class BranchService(
    string name,
    IBranchInvoker services,
    IBranchInvoker grains,
    TimeProvider clock,
    int callsMax,
    CallLimits limits,
    BranchMetrics metrics)
{
    /// <summary>Half of the places for one transaction, so that one which hangs does not fill the service.</summary>
    private readonly FairGate _places = new(callsMax, Math.Max(callsMax / 2, Math.Min(callsMax, 4)));

    /// <summary>Half of the places, for calls with a long timeout.</summary>
    private readonly FairGate _longPlaces = new(Math.Max(1, callsMax / 2));

    private readonly ServiceLoad _load = metrics.Of(name);

    /// <summary>
    /// 1 = the last call that had time for it got no answer. The load, which only shows it, may be that of several
    /// services.
    /// </summary>
    private int _isSilent;

    private TaskCompletionSource? _ended;
    private int _calls;
    private int _used;

    public string Name => name;

    /// <summary>Returns true if no call is in flight and none was made since the previous check.</summary>
    public bool WasIdle() => Interlocked.Exchange(ref _used, 0) == 0 && Volatile.Read(ref _calls) == 0;

    /// <summary>Waits until all current calls have ended.</summary>
    /// <exception cref="OperationCanceledException">Calls are still in flight.</exception>
    public Task Ended(CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _ended, ended);
        if (Volatile.Read(ref _calls) == 0)
        {
            ended.TrySetResult();
        }

        return ended.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Makes the call. Service errors are returned as outcomes, not thrown.</summary>
    public async Task<CallResult> Call(BranchInvocation call)
    {
        Volatile.Write(ref _used, 1);
        Interlocked.Increment(ref _calls);
        try
        {
            var started = clock.GetTimestamp();
            using var span = AttemptTracing.Start(call);

            // One timeout covers queueing and calling, because the transaction's lease is based on it.
            using var budget = new CancellationTokenSource(call.Timeout, clock);
            limits.Remember(call, budget);
            try
            {
                return await Call(call, started, span, budget.Token).ConfigureAwait(false);
            }
            finally
            {
                limits.Forget(call, budget);
            }
        }
        finally
        {
            if (Interlocked.Decrement(ref _calls) == 0)
            {
                Volatile.Read(ref _ended)?.TrySetResult();
            }
        }
    }

    /// <summary>
    /// Takes a place of the transaction, of the service and of the silo, in this order, so that no two calls block each
    /// other.
    /// </summary>
    private async Task<CallResult> Call(BranchInvocation call, long started, TraceSpan? span, CancellationToken budget)
    {
        var isLong = call.Timeout > CallLimits.LongTimeout;
        var held = Held.None;
        try
        {
            if (!await Enter(limits.Transactions, call.Gid, budget).ConfigureAwait(false))
            {
                return NotSent(CallLimit.Transaction, $"{limits.PerTransactionMax} calls of the transaction are in "
                    + "flight (Limits:BranchCallsPerTransactionMax)");
            }

            held |= Held.Transaction;
            if (isLong && await Enter(_longPlaces, call.Gid, budget).ConfigureAwait(false))
            {
                held |= Held.Long;
            }

            if (isLong != held.HasFlag(Held.Long) || !await Enter(_places, call.Gid, budget).ConfigureAwait(false))
            {
                return NotSent(CallLimit.Service, $"{callsMax} calls to {name} are in flight");
            }

            held |= Held.Service;
            var isSlow = isLong || Volatile.Read(ref _isSilent) != 0;
            var service = Namespaces.Qualify(call.Namespace, name);
            if (isLong && await Enter(limits.Long, service, budget).ConfigureAwait(false))
            {
                held |= Held.SiloLong;
            }

            if (isSlow && isLong == held.HasFlag(Held.SiloLong)
                && await Enter(limits.Slow, service, budget).ConfigureAwait(false))
            {
                held |= Held.Slow;
            }

            if (isSlow != held.HasFlag(Held.Slow) || !await Enter(limits.All, service, budget).ConfigureAwait(false))
            {
                return NotSent(
                    CallLimit.Silo,
                    $"of {limits.CallsMax} calls in flight (Limits:BranchCallsMax) {name} has its share");
            }

            held |= Held.Silo;
            return await Send(call, started, span, budget).ConfigureAwait(false);
        }
        finally
        {
            Exit(held, call.Gid);
        }

        CallResult NotSent(CallLimit limit, string reason)
        {
            limits.Starvation?.CallNotSent(limit, name, call.ToldGid);
            return Result(
                call, Outcome.NotSent($"{reason}; no call slot became free within the request timeout"), started, span);
        }
    }

    /// <summary>Takes a place; false = none became free within the timeout.</summary>
    private ValueTask<bool> Enter(FairGate gate, string key, CancellationToken budget) =>
        gate.TryEnter(key) ? ValueTask.FromResult(true) : new ValueTask<bool>(Queue(gate, key, budget));

    private async Task<bool> Queue(FairGate gate, string key, CancellationToken budget)
    {
        _load.Waits(1);
        try
        {
            return await gate.Enter(key, budget).ConfigureAwait(false);
        }
        finally
        {
            _load.Waits(-1);
        }
    }

    private void Exit(Held held, string gid)
    {
        var service = Namespaces.Qualify(Namespaces.Of(gid), name);
        Exit(Held.Silo, limits.All, service);
        Exit(Held.Slow, limits.Slow, service);
        Exit(Held.SiloLong, limits.Long, service);
        Exit(Held.Service, _places, gid);
        Exit(Held.Long, _longPlaces, gid);
        Exit(Held.Transaction, limits.Transactions, gid);

        void Exit(Held place, FairGate gate, string key)
        {
            if ((held & place) != 0)
            {
                gate.Exit(key);
            }
        }
    }

    private async Task<CallResult> Send(BranchInvocation call, long started, TraceSpan? span, CancellationToken budget)
    {
        // Only now: calls that wait for a place do not hold the results in their payloads.
        if (call.Fill(out var filled) is { } refused)
        {
            return Result(call, refused, started, span);
        }

        var size = call.PayloadOf is null ? 0 : filled.Payload.Length;
        if (size >= LiveMemory.Large && limits.Live?.IsFullWithout(0) == true)
        {
            return Result(call, Outcome.NotSent(limits.Live.Refusal), started, span);
        }

        limits.Live?.Change(0, size);
        _load.Flies(1);
        var sent = clock.GetTimestamp();
        try
        {
            var invoker = BranchUrl.IsGrain(call.Url) ? grains : services;
            var outcome = await invoker.Invoke(Told(filled, span, started), budget).ConfigureAwait(false);
            Judge(budget.IsCancellationRequested, clock.GetElapsedTime(sent), call.Timeout);
            return Result(call, outcome, started, span);
        }
        finally
        {
            _load.Flies(-1);
            limits.Live?.Change(size, 0);
        }
    }

    /// <summary>
    /// A service is silent if it did not answer within half of a timeout. Calls that queued for longer, or were
    /// cancelled with their transaction, say nothing about it.
    /// </summary>
    private void Judge(bool isCancelled, TimeSpan duration, TimeSpan timeout)
    {
        if (!isCancelled)
        {
            Volatile.Write(ref _isSilent, 0);
            _load.IsSilent = false;
        }
        else if (duration >= timeout / 2)
        {
            Volatile.Write(ref _isSilent, 1);
            _load.IsSilent = true;
        }
    }

    /// <summary>Returns the invocation with the remaining timeout and the span of this attempt.</summary>
    private BranchInvocation Told(BranchInvocation call, TraceSpan? span, long started)
    {
        var waited = clock.GetElapsedTime(started);
        return span is null
            ? waited.Ticks < TimeSpan.TicksPerMillisecond ? call : call with { Timeout = call.Timeout - waited }
            : call with { Timeout = call.Timeout - waited, Trace = AttemptTracing.ContextFor(call, span), Span = span };
    }

    private CallResult Result(BranchInvocation call, Outcome outcome, long started, TraceSpan? span)
    {
        var duration = clock.GetElapsedTime(started);
        metrics.Ended(_load, outcome.Kind, call.Attempt, duration, clock.GetUtcNow());
        if (span is not null)
        {
            AttemptTracing.End(span, outcome.Kind);
        }

        return new CallResult(outcome, duration);
    }

    /// <summary>The places that a call holds.</summary>
    [Flags]
    private enum Held
    {
        None = 0,
        Transaction = 1,
        Long = 2,
        Service = 4,
        Slow = 8,
        Silo = 16,
        SiloLong = 32,
    }
}
