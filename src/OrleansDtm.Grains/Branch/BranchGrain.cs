using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Branch;

/// <summary>
/// The calls of this silo to one service. The bulkhead lives in the activation, one per silo and service: a service that hangs
/// fills its own and no other.
/// </summary>
[Reentrant]
[StatelessWorker(1)]
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore without a wait handle holds nothing; disposing it would break calls that outlive the activation.")]
public sealed class BranchGrain(IBranchInvoker services, GrainBranchInvoker grains, TimeProvider clock, IOptions<DtmGrainOptions> options)
    : Grain, IBranchGrain
{
    private readonly SemaphoreSlim _places = new(options.Value.BranchCallsPerServiceMax);

    public async Task<BranchAnswer> Call(BranchCallMessage call)
    {
        ArgumentNullException.ThrowIfNull(call);
        var started = clock.GetTimestamp();

        // One budget for queueing and calling: the transaction's lease counts on it.
        using var budget = new CancellationTokenSource(TimeSpan.FromMilliseconds(call.TimeoutMs), clock);
        try
        {
            await _places.WaitAsync(budget.Token);
        }
        catch (OperationCanceledException)
        {
            var error = $"{options.Value.BranchCallsPerServiceMax} calls to {this.GetPrimaryKeyString()} are under way already; no place within the request timeout";
            return Answer(Outcome.NotSent(error), started);
        }

        try
        {
            IBranchInvoker invoker = BranchUrl.IsGrain(call.Url) ? grains : services;
            return Answer(await invoker.Invoke(Invocation(call), budget.Token), started);
        }
        finally
        {
            _places.Release();
        }
    }

    private static BranchInvocation Invocation(BranchCallMessage call) => new()
    {
        Gid = call.Gid,
        Type = call.Type,
        Protocol = call.Protocol,
        BranchId = call.BranchId,
        Op = call.Op,
        Url = call.Url,
        Payload = call.Payload,
        Headers = call.Headers,
    };

    private BranchAnswer Answer(Outcome outcome, long started) => new()
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
        Duration = clock.GetElapsedTime(started),
    };
}
