using Orleans.Metadata;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Calls branches that are grains, on any silo of the cluster, and maps their results to outcomes. One message in each
/// direction; the payload is deserialized on the grain's silo.
/// </summary>
public sealed class GrainBranchInvoker(
    BranchGrainDirectory directory, IGrainFactory factory, GrainInterfaceTypeResolver interfaces, TimeProvider clock)
    : IBranchInvoker
{
    private readonly GrainInterfaceType _target = interfaces.GetGrainInterfaceType(typeof(IBranchTarget));

    public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (call.ToldTrace is { } trace)
        {
            // The key that Orleans uses (AddActivityPropagation).
            RequestContext.Set(TraceHeaders.Parent, trace.Parent);
            if (trace.State.Length > 0)
            {
                RequestContext.Set(TraceHeaders.State, trace.State);
            }
            else
            {
                RequestContext.Remove(TraceHeaders.State); // It belongs to the request that caused this call.
            }
        }

        if (call.Span is { IsAllDataRequested: true } span)
        {
            span.SetTag("rpc.system", "orleans");
        }

        var context = new BranchContext
        {
            Gid = call.ToldGid,
            Namespace = call.Namespace is { Length: > 0 } space ? space : null,
            BranchId = call.BranchId,
            Op = call.Op,
            Type = Names.Of(call.Type),
            Headers = call.Headers,
            KeepsResult = call.ResultBytesMax > 0,
        };
        try
        {
            var address = await directory.Await(call.Url, clock, cancellationToken);
            if (address.Problem is not null)
            {
                return Outcome.Unknown($"{call.Url} {address.Problem}");
            }

            call.Span?.SetTag("rpc.service", address.Grain).SetTag("rpc.method", address.Method);
            var target = (IBranchTarget)factory.GetGrain(address.Id, _target);
            return Judge(
                await target.Call(address.Grain, address.Method, call.Payload, context, cancellationToken),
                call.IsNotice,
                call.ResultBytesMax);
        }
        catch (OperationCanceledException)
        {
            return Outcome.Unknown("no answer within the request timeout");
        }
        catch (Exception e)
        {
            // The cluster could not make the call or activate the grain. The method may have run.
            return Outcome.Unknown($"{e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>Maps a branch result to an outcome. A notice has no FAILURE or ONGOING: both are errors.</summary>
    /// <param name="result">The result of the method.</param>
    /// <param name="isNotice">True for the call of callback_url.</param>
    /// <param name="max">See <see cref="BranchInvocation.ResultBytesMax"/>.</param>
    internal static Outcome Judge(BranchResult result, bool isNotice, int max = 0) => result.Outcome switch
    {
        BranchOutcome.Succeeded when max > 0 => Outcome.Succeeded with
        {
            Answer = result switch
            {
                { ValueOmitted: { } why } => new StepResult(default, why),
                { Value: { } value } => value.Length > max ? StepResult.TooLong(max) : new StepResult(value),
                _ => null, // The grain's silo runs an earlier version.
            },
        },
        BranchOutcome.Succeeded => Outcome.Succeeded,
        BranchOutcome.Failed when !isNotice => Outcome.Failed(result.Reason ?? ""),
        BranchOutcome.Ongoing when !isNotice => Outcome.Ongoing(result.Reason),
        _ => Outcome.Unknown(result.Reason ?? $"the branch returned {result.Outcome}"),
    };
}
