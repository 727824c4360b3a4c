using Grpc.Core;

namespace OrleansDtm.Client.Grpc;

/// <summary>Identity and barrier of a call in a gRPC service.</summary>
public static class BranchCallExtensions
{
    /// <summary>The identity of the branch call.</summary>
    /// <param name="call">The current call.</param>
    /// <exception cref="InvalidOperationException">The call has no identity, or the <see cref="BranchInterceptor"/> is
    /// missing.</exception>
    public static BranchContext Branch(this ServerCallContext call) => (BranchContext)Get(call, typeof(BranchContext));

    /// <summary>A barrier of this call, for methods that use it themselves.</summary>
    /// <param name="call">The current call.</param>
    /// <exception cref="InvalidOperationException">The call has no identity, or the <see cref="BranchInterceptor"/> is
    /// missing.</exception>
    /// <exception cref="ArgumentException">The op is not one of <see cref="BranchOps"/>: for example, the call resumes
    /// a workflow.</exception>
    public static BranchBarrier Barrier(this ServerCallContext call) =>
        ((Lazy<BranchBarrier>)Get(call, typeof(BranchBarrier))).Value;

    private static object Get(ServerCallContext call, Type what)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.UserState.TryGetValue(what, out var value)
            ? value
            : throw new InvalidOperationException(
                "The call does not come from a coordinator, or the BranchInterceptor is not added to the server.");
    }
}
