using System.Diagnostics;
using OrleansDtm.Abstractions;

namespace OrleansDtm.Branches;

/// <summary>The span of a grain method as a branch, on the grain's silo.</summary>
internal static class BranchTracing
{
    private const string Parent = "traceparent";
    private const string State = "tracestate";

    private static readonly ActivitySource Source = new("OrleansDtm.Branches");

    /// <summary>Whether there is a listener.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>Null when it is not sampled.</summary>
    public static Activity? Start(string grain, string method, BranchContext call)
    {
        // The activity of Orleans, from the same headers, is between the coordinator's span and this one.
        var parent = Activity.Current?.Context
            ?? (ActivityContext.TryParse(
                RequestContext.Get(Parent) as string, RequestContext.Get(State) as string, isRemote: true, out var sent)
                ? sent
                : default);
        var span = Source.StartActivity($"{grain}/{method}", ActivityKind.Server, parent);
        span?.SetTag("rpc.system", "orleans").SetTag("rpc.service", grain).SetTag("rpc.method", method);
        return span?.SetTag("orleansdtm.gid", call.Gid).SetTag("orleansdtm.branch_id", call.BranchId).SetTag(
            "orleansdtm.op", call.Op);
    }

    public static void End(Activity span, BranchResult result)
    {
        if (result.Outcome is not (BranchOutcome.Succeeded or BranchOutcome.Ongoing))
        {
            span.SetStatus(ActivityStatusCode.Error);
        }
    }
}
