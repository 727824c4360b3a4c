using System.Diagnostics;
using OrleansDtm.Abstractions;

namespace OrleansDtm.Branches;

/// <summary>The span of a branch that is a grain's method, on the silo where the grain lives.</summary>
internal static class BranchTracing
{
    private const string Parent = "traceparent";
    private const string State = "tracestate";

    private static readonly ActivitySource Source = new("OrleansDtm.Branches");

    /// <summary>Somebody listens.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>Null when it is not wanted.</summary>
    public static Activity? Start(string grain, string method, BranchContext call)
    {
        // What Orleans has made of the same headers comes first: it stands between the coordinator's span and this one.
        var parent = Activity.Current?.Context
            ?? (ActivityContext.TryParse(RequestContext.Get(Parent) as string, RequestContext.Get(State) as string, isRemote: true, out var sent) ? sent : default);
        var span = Source.StartActivity($"{grain}/{method}", ActivityKind.Server, parent);
        span?.SetTag("rpc.system", "orleans").SetTag("rpc.service", grain).SetTag("rpc.method", method);
        return span?.SetTag("orleansdtm.gid", call.Gid).SetTag("orleansdtm.branch_id", call.BranchId).SetTag("orleansdtm.op", call.Op);
    }

    public static void End(Activity span, BranchResult result)
    {
        if (result.Outcome is not (BranchOutcome.Succeeded or BranchOutcome.Ongoing))
        {
            span.SetStatus(ActivityStatusCode.Error);
        }
    }
}
