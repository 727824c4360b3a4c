namespace OrleansDtm.Client.Grpc;

/// <summary>How a method of a gRPC service is a branch.</summary>
public enum GrpcBranchKind
{
    /// <summary>It does as it likes: the interceptor only reads which call it is and makes statuses of exceptions.</summary>
    Plain,

    /// <summary>It runs behind a barrier, once, in a <see cref="LocalTransaction"/> that is committed when it returns and rolled back when it throws.</summary>
    Barrier,

    /// <summary>
    /// It is a branch of an XA transaction: its <see cref="LocalTransaction"/> is prepared and registered when it returns. Commit and rollback come
    /// to the same method, and do not run it.
    /// </summary>
    Xa,

    /// <summary>It answers whether a prepared message was meant, and is not run itself.</summary>
    QueryPrepared,
}

/// <summary>Says how a method of a gRPC service is a branch, for the <see cref="BranchInterceptor"/>.</summary>
/// <param name="kind">How.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GrpcBranchAttribute(GrpcBranchKind kind) : Attribute
{
    /// <summary>How.</summary>
    public GrpcBranchKind Kind { get; } = kind;
}
