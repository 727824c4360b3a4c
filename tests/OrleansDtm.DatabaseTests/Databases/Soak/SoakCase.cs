using System.Text.Json;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>What a client does with a transaction.</summary>
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

/// <summary>One branch: money comes to an account or leaves it, and what of it the participant has seen.</summary>
public sealed class SoakBranch(Booking booking)
{
    public Booking Booking => booking;

    public string Payload { get; } = JsonSerializer.Serialize(booking);

    /// <summary>Calls of the action; a tcc's try and an xa's work are made by the client and do not count.</summary>
    public int DoAsked { get; set; }

    /// <summary>Calls of compensate, cancel or rollback.</summary>
    public int UndoAsked { get; set; }

    /// <summary>Calls of confirm or commit.</summary>
    public int ConfirmAsked { get; set; }

    /// <summary>The money has moved, once.</summary>
    public bool IsDone { get; set; }

    /// <summary>It was to be undone: no action takes effect any more.</summary>
    public bool IsBarred { get; set; }

    /// <summary>The money has moved back.</summary>
    public bool IsUndone { get; set; }

    public bool IsConfirmed { get; set; }

    /// <summary>The coordinator was told that it is undone.</summary>
    public bool UndoAnswered { get; set; }

    /// <summary>The coordinator said 200 to its registration.</summary>
    public bool IsRegistered { get; set; }
}

/// <summary>A transaction as its client and its participants know it. Lock it to read or change it.</summary>
public sealed class SoakCase(string gid, SoakKind kind, IReadOnlyList<SoakBranch> branches)
{
    public string Gid => gid;

    public SoakKind Kind => kind;

    public IReadOnlyList<SoakBranch> Branches => branches;

    /// <summary>A request that creates it was answered 200, so it must be there.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>The coordinator or the pattern's rules have promised this end; null = either.</summary>
    public string? Promised { get; set; }

    /// <summary>Prepared msg: the local transaction of the submitter was committed.</summary>
    public bool IsLocallyCommitted { get; set; }

    /// <summary>
    /// Prepared msg: it was asked about first, so the local transaction cannot be committed any more.
    /// </summary>
    public bool IsLocallyBarred { get; set; }

    /// <summary>Delayed msg: not to be called before, by <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long NotBefore { get; set; }

    /// <summary>
    /// Delayed msg: how much later than <see cref="NotBefore"/> the first call came; null = none has.
    /// </summary>
    public TimeSpan? Lateness { get; set; }

    public bool Refuses => branches.Any(static b => b.Booking.Trouble == Trouble.Refused);

    public override string ToString() => $"{kind} {gid}";
}
