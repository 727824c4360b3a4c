using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>The reason why a request is rejected.</summary>
public enum RejectionKind
{
    None = 0,

    /// <summary>The transaction's status does not allow the request.</summary>
    Conflict = 1,

    /// <summary>The transaction does not exist.</summary>
    NotFound = 2,

    /// <summary>The request is invalid or contradicts the stored transaction.</summary>
    Invalid = 3,

    /// <summary>A different value was stored first; the caller must read the transaction again.</summary>
    Superseded = 4,
}

/// <summary>A rejected request, with the error text for the caller.</summary>
public sealed record Rejection(RejectionKind Kind, string Message);

/// <summary>A branch call to make after the state that contains it is stored.</summary>
/// <param name="Index">Index into <see cref="Transaction.Branches"/>, or <see cref="Transaction.QueryIndex"/>.</param>
/// <param name="Branch">URL, op and payload of the call.</param>
/// <param name="Attempt">1 for the first call.</param>
public sealed record BranchCall(int Index, BranchOpDefinition Branch, int Attempt);

/// <summary>The result of an event: the next state and the calls to make, as data.</summary>
/// <param name="Next">The state to store. The same object if nothing changed; null if the transaction does not
/// exist.</param>
/// <param name="Calls">The calls to make after <paramref name="Next"/> is stored, never before.</param>
/// <param name="Rejection">Set if the event was rejected; the state is then unchanged.</param>
public sealed record Decision(Transaction? Next, ImmutableArray<BranchCall> Calls, Rejection? Rejection = null)
{
    public static Decision Unchanged(Transaction? state) => new(state, []);

    public static Decision Refused(Transaction? state, RejectionKind kind, string message) =>
        new(state, [], new Rejection(kind, message));
}

/// <summary>The outcome and latency of one branch call.</summary>
/// <param name="Outcome">The outcome of the call.</param>
/// <param name="Duration">Latency, including the wait for a free call slot.</param>
public readonly record struct CallResult(Outcome Outcome, TimeSpan Duration);
