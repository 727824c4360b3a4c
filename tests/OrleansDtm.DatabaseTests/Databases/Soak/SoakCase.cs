using System.Text.Json;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>The pattern and the planned course of a transaction.</summary>
public enum SoakKind
{
    Saga,
    RolledBackSaga,
    ConcurrentSaga,
    RolledBackConcurrentSaga,
    WaitedSaga,
    Msg,
    DelayedMsg,
    PreparedMsg,
    Tcc,
    Xa,
}

/// <summary>
/// One branch, which adds an amount to an account or withdraws it, and the calls that the participant received.
/// </summary>
public sealed class SoakBranch(Booking booking)
{
    public Booking Booking => booking;

    public string Payload { get; } = JsonSerializer.Serialize(booking);

    /// <summary>
    /// The calls of the action. A tcc's try and an xa's work are done by the client and do not count.
    /// </summary>
    public int DoAsked { get; set; }

    /// <summary>The calls of compensate, cancel or rollback.</summary>
    public int UndoAsked { get; set; }

    /// <summary>The calls of confirm or commit.</summary>
    public int ConfirmAsked { get; set; }

    /// <summary>True if the action has taken effect.</summary>
    public bool IsDone { get; set; }

    /// <summary>True if it was undone: the action must not take effect any more.</summary>
    public bool IsBarred { get; set; }

    /// <summary>True if the compensation has taken effect.</summary>
    public bool IsUndone { get; set; }

    public bool IsConfirmed { get; set; }

    /// <summary>True if the compensation was answered with success.</summary>
    public bool UndoAnswered { get; set; }

    /// <summary>True if the coordinator accepted the registration.</summary>
    public bool IsRegistered { get; set; }
}

/// <summary>A transaction as its client and its participants see it. Lock it to read or change it.</summary>
public sealed class SoakCase(string gid, SoakKind kind, IReadOnlyList<SoakBranch> branches)
{
    public string Gid => gid;

    public SoakKind Kind => kind;

    public IReadOnlyList<SoakBranch> Branches => branches;

    /// <summary>True if a request that creates it was answered with 200, so it must exist.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>The end that a response or the rules of the pattern require; null = either.</summary>
    public string? Promised { get; set; }

    /// <summary>Prepared msg: true if the submitter's local transaction was committed.</summary>
    public bool IsLocallyCommitted { get; set; }

    /// <summary>
    /// Prepared msg: true if query_prepared came first, so the local transaction can no longer be committed.
    /// </summary>
    public bool IsLocallyBarred { get; set; }

    /// <summary>
    /// Delayed msg: the earliest time of its first call, by <see cref="System.Diagnostics.Stopwatch"/>.
    /// </summary>
    public long NotBefore { get; set; }

    /// <summary>
    /// Delayed msg: the delay of the first call after <see cref="NotBefore"/>; null = it was not called yet.
    /// </summary>
    public TimeSpan? Lateness { get; set; }

    public bool Refuses => branches.Any(static b => b.Booking.Trouble == Trouble.Refused);

    public override string ToString() => $"{kind} {gid}";
}
