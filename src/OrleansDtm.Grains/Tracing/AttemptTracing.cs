using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Invokers;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Tracing;

/// <summary>The span of one branch call, including its wait for a call slot.</summary>
internal static class AttemptTracing
{
    /// <summary>Starts the span; null = no listener, or not sampled.</summary>
    public static TraceSpan? Start(BranchInvocation call)
    {
        if (!DtmTracing.Source.HasListeners())
        {
            return null;
        }

        var parent = DtmTracing.ContextOf(call.Trace?.Parent, call.Trace?.State);
        var attempt = DtmTracing.Start($"branch {KindOf(call.Op)}", ActivityKind.Client, parent);
        if (attempt is { IsAllDataRequested: true })
        {
            DtmTracing.SetGid(attempt, call.Gid);
            attempt.SetTag(DtmTracing.Type, Names.Of(call.Type));
            attempt.SetTag("orleansdtm.branch_id", call.BranchId);
            attempt.SetTag("orleansdtm.op", call.Op);
            attempt.SetTag("orleansdtm.attempt", call.Attempt);
            Peer(attempt, GrainBranchCaller.ServiceOf(call.Url));
        }

        return attempt;
    }

    /// <summary>
    /// Returns the trace context for the branch: this call's span, or the transaction's context if the call has no
    /// span.
    /// </summary>
    public static TraceContext? ContextFor(BranchInvocation call, TraceSpan attempt) =>
        attempt.IdFormat == ActivityIdFormat.W3C
            ? new TraceContext(attempt.Id!, attempt.TraceStateString ?? "")
            : call.Trace;

    public static void End(TraceSpan attempt, OutcomeKind outcome)
    {
        var word = WordOf(outcome);
        attempt.SetTag("orleansdtm.outcome", word);
        if (outcome is not (OutcomeKind.Succeeded or OutcomeKind.Ongoing))
        {
            DtmTracing.Fail(attempt, word);
        }
    }

    /// <summary>Returns the name of an outcome in spans and metrics.</summary>
    public static string WordOf(OutcomeKind outcome) => Names.Of(outcome).Replace(' ', '_');

    /// <summary>Returns the op for the span name, or a fixed name for workflow ops, which submitters choose.</summary>
    private static string KindOf(string op) => op switch
    {
        BranchOps.Action or BranchOps.Compensate or BranchOps.Confirm or BranchOps.Cancel or BranchOps.Commit
            or BranchOps.Rollback or BranchOps.Msg or "notice" => op,
        _ => "workflow",
    };

    private static void Peer(TraceSpan attempt, string service)
    {
        var colon = service.LastIndexOf(':');
        if (!BranchUrl.IsGrain(service)
            && colon > 0
            && int.TryParse(service.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            attempt.SetTag("server.address", service[..colon]);
            attempt.SetTag("server.port", port);
        }
        else
        {
            attempt.SetTag("server.address", service);
        }
    }
}
