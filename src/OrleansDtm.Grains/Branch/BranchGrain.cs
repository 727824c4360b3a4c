using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Invokers;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Branch;

/// <summary>
/// The calls of this silo to one service. The bulkhead lives in the activation, one per silo and service: a service that hangs
/// fills its own and no other.
/// </summary>
[Reentrant]
[StatelessWorker(1)]
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore without a wait handle holds nothing; disposing it would break calls that outlive the activation.")]
public sealed class BranchGrain(
    IBranchInvoker services, GrainBranchInvoker grains, TimeProvider clock, IOptions<DtmGrainOptions> options, BranchMetrics metrics)
    : Grain, IBranchGrain
{
    private readonly SemaphoreSlim _places = new(options.Value.BranchCallsPerServiceMax);
    private ServiceLoad _load = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _load = metrics.Of(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public async Task<BranchAnswer> Call(BranchCallMessage call)
    {
        ArgumentNullException.ThrowIfNull(call);
        var started = clock.GetTimestamp();
        using var span = AttemptTracing.Start(call);

        // One budget for queueing and calling: the transaction's lease counts on it.
        using var budget = new CancellationTokenSource(TimeSpan.FromMilliseconds(call.TimeoutMs), clock);
        _load.Waits(1);
        try
        {
            await _places.WaitAsync(budget.Token);
        }
        catch (OperationCanceledException)
        {
            var error = $"{options.Value.BranchCallsPerServiceMax} calls to {this.GetPrimaryKeyString()} are under way already; no place within the request timeout";
            return Answer(call, Outcome.NotSent(error), started, span);
        }
        finally
        {
            _load.Waits(-1);
        }

        _load.Flies(1);
        try
        {
            IBranchInvoker invoker = BranchUrl.IsGrain(call.Url) ? grains : services;
            return Answer(call, await invoker.Invoke(Invocation(call, span), budget.Token), started, span);
        }
        finally
        {
            _load.Flies(-1);
            _places.Release();
        }
    }

    private static BranchInvocation Invocation(BranchCallMessage call, TraceSpan? span) => new()
    {
        Gid = call.Gid,
        Type = call.Type,
        Protocol = call.Protocol,
        BranchId = call.BranchId,
        Op = call.Op,
        Url = call.Url,
        Payload = call.Payload,
        Headers = call.Headers,
        Trace = AttemptTracing.ContextFor(call, span),
        Span = span,
    };

    private BranchAnswer Answer(BranchCallMessage call, Outcome outcome, long started, TraceSpan? span)
    {
        var duration = clock.GetElapsedTime(started);
        metrics.Ended(_load, outcome.Kind, call.Attempt, duration);
        if (span is not null)
        {
            AttemptTracing.End(span, outcome.Kind);
        }

        return Answer(outcome, duration);
    }

    private static BranchAnswer Answer(Outcome outcome, TimeSpan duration) => new()
    {
        Outcome = outcome.Kind switch
        {
            OutcomeKind.Succeeded => BranchOutcome.Succeeded,
            OutcomeKind.Failed => BranchOutcome.Failed,
            OutcomeKind.Ongoing => BranchOutcome.Ongoing,
            OutcomeKind.Unknown => BranchOutcome.Unknown,
            OutcomeKind.NotSent => BranchOutcome.NotSent,
            _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.Kind, "An invoker must say what came of the call."),
        },
        Error = outcome.Error,
        Duration = duration,
    };
}
