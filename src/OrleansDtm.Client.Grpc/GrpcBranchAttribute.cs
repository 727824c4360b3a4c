namespace OrleansDtm.Client.Grpc;

/// <summary>The kind of a branch that is a method of a gRPC service.</summary>
public enum GrpcBranchKind
{
    /// <summary>
    /// No barrier: the interceptor only reads the identity of the call and converts exceptions to statuses.
    /// </summary>
    Plain,

    /// <summary>
    /// Runs with a barrier, once, in a <see cref="LocalTransaction"/> that is committed when it returns and rolled back
    /// when it throws.
    /// </summary>
    Barrier,

    /// <summary>
    /// An XA branch: its <see cref="LocalTransaction"/> is registered and prepared when it returns. Commit and rollback
    /// call the same method, without running it.
    /// </summary>
    Xa,

    /// <summary>Answers query_prepared of a message, without running the method.</summary>
    QueryPrepared,
}

/// <summary>Declares a method of a gRPC service as a branch, for the <see cref="BranchInterceptor"/>.</summary>
/// <param name="kind">The kind.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GrpcBranchAttribute(GrpcBranchKind kind) : Attribute
{
    /// <summary>The kind.</summary>
    public GrpcBranchKind Kind { get; } = kind;
}
