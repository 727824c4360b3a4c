using System.Diagnostics.CodeAnalysis;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Invokers;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// The calls of this silo to one service, and their bulkhead: a service that hangs fills its own and no other. Thread-safe; bound to
/// no grain's scheduler.
/// </summary>
/// <param name="name">Host and port, or <c>grain://Name</c>.</param>
/// <param name="services">Calls whatever is no grain.</param>
/// <param name="grains">Calls grains.</param>
/// <param name="clock">For the budget of a call and its duration.</param>
/// <param name="callsMax">How many may be under way.</param>
/// <param name="metrics">Told of every call.</param>
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore without a wait handle holds nothing; disposing it would break calls that outlive the grain.")]
internal sealed class BranchService(
    string name, IBranchInvoker services, IBranchInvoker grains, TimeProvider clock, int callsMax, BranchMetrics metrics)
{
    private readonly SemaphoreSlim _places = new(callsMax);
    private readonly ServiceLoad _load = metrics.Of(name);
    private TaskCompletionSource? _ended;
    private int _calls;
    private int _used;

    public string Name => name;

    /// <summary>No call is under way and none was since this was asked the last time.</summary>
    public bool WasIdle() => Interlocked.Exchange(ref _used, 0) == 0 && Volatile.Read(ref _calls) == 0;

    /// <summary>Ends with the last call that is under way now.</summary>
    /// <exception cref="OperationCanceledException">Some are still under way.</exception>
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

    /// <summary>Makes the call. Does not throw for anything the service does.</summary>
    public async Task<CallResult> Call(BranchInvocation call)
    {
        Volatile.Write(ref _used, 1);
        Interlocked.Increment(ref _calls);
        try
        {
            var started = clock.GetTimestamp();
            using var span = AttemptTracing.Start(call);

            // One budget for queueing and calling: the transaction's lease counts on it.
            using var budget = new CancellationTokenSource(call.Timeout, clock);
            if (!_places.Wait(0, CancellationToken.None) && !await Queue(budget.Token).ConfigureAwait(false))
            {
                var error = $"{callsMax} calls to {name} are under way already; no place within the request timeout";
                return Result(call, Outcome.NotSent(error), started, span);
            }

            _load.Flies(1);
            try
            {
                var invoker = BranchUrl.IsGrain(call.Url) ? grains : services;
                return Result(call, await invoker.Invoke(Told(call, span, started), budget.Token).ConfigureAwait(false), started, span);
            }
            finally
            {
                _load.Flies(-1);
                _places.Release();
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

    /// <summary>False when the budget is spent before there is a place.</summary>
    private async Task<bool> Queue(CancellationToken budget)
    {
        _load.Waits(1);
        try
        {
            await _places.WaitAsync(budget).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            _load.Waits(-1);
        }
    }

    /// <summary>With what the queue has left of the budget, and the span of this attempt.</summary>
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
        metrics.Ended(_load, outcome.Kind, call.Attempt, duration);
        if (span is not null)
        {
            AttemptTracing.End(span, outcome.Kind);
        }

        return new CallResult(outcome, duration);
    }
}
