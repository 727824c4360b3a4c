using Grpc.Core;

namespace OrleansDtm.Client.Grpc;

/// <summary>What a call tells within a gRPC service.</summary>
public static class BranchCallExtensions
{
    /// <summary>Which call of which branch it is.</summary>
    /// <param name="call">Under way.</param>
    /// <exception cref="InvalidOperationException">It carries no identity, or the <see cref="BranchInterceptor"/> is not there.</exception>
    public static BranchContext Branch(this ServerCallContext call) => (BranchContext)Get(call, typeof(BranchContext));

    /// <summary>A barrier of this call, for methods that run it themselves.</summary>
    /// <param name="call">Under way.</param>
    /// <exception cref="InvalidOperationException">It carries no identity, or the <see cref="BranchInterceptor"/> is not there.</exception>
    /// <exception cref="ArgumentException">The op is none of <see cref="BranchOps"/>: the call resumes a workflow, say.</exception>
    public static BranchBarrier Barrier(this ServerCallContext call) => ((Lazy<BranchBarrier>)Get(call, typeof(BranchBarrier))).Value;

    private static object Get(ServerCallContext call, Type what)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.UserState.TryGetValue(what, out var value)
            ? value
            : throw new InvalidOperationException("The call does not come from a coordinator, or the BranchInterceptor is not added to the server.");
    }
}
