using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>Why an event from outside is refused.</summary>
public enum RejectionKind
{
    None = 0,

    /// <summary>The transaction's status does not allow it.</summary>
    Conflict = 1,

    /// <summary>There is no such transaction.</summary>
    NotFound = 2,

    /// <summary>The request contradicts what is stored.</summary>
    Invalid = 3,

    /// <summary>Something else was recorded first; the caller must look again.</summary>
    Superseded = 4,
}

/// <summary>A refusal, in words for the caller.</summary>
public sealed record Rejection(RejectionKind Kind, string Message);

/// <summary>A call to make once the state that asks for it is stored.</summary>
/// <param name="Index">Index into <see cref="Transaction.Branches"/>, or <see cref="Transaction.QueryIndex"/>.</param>
/// <param name="Branch">Whom to call with what.</param>
/// <param name="Attempt">1 for the first call.</param>
public sealed record BranchCall(int Index, BranchOpDefinition Branch, int Attempt);

/// <summary>What follows from an event: the next state and the calls it asks for, as data.</summary>
/// <param name="Next">The state to store; the same object when nothing changed; null when there is none.</param>
/// <param name="Calls">To be made after <paramref name="Next"/> is stored, never before.</param>
/// <param name="Rejection">Set when the event was refused; then nothing changed.</param>
public sealed record Decision(Transaction? Next, ImmutableArray<BranchCall> Calls, Rejection? Rejection = null)
{
    public static Decision Unchanged(Transaction? state) => new(state, []);

    public static Decision Refused(Transaction? state, RejectionKind kind, string message) =>
        new(state, [], new Rejection(kind, message));
}

/// <summary>What came of a call.</summary>
/// <param name="Outcome">What it came to.</param>
/// <param name="Duration">Latency, including the wait for a place.</param>
public readonly record struct CallResult(Outcome Outcome, TimeSpan Duration);
