using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Histories;

/// <summary>
/// One event that is visible outside the code under test: on the wire, in the database, or of a machine.
/// </summary>
internal abstract record Happening
{
    /// <summary>The virtual time since the world's start.</summary>
    public TimeSpan At { get; init; }

    /// <summary>The index in the history.</summary>
    public int Place { get; init; }

    /// <summary>The transaction; null = no single transaction.</summary>
    public string? Gid { get; init; }
}

/// <summary>A request leaves a client.</summary>
/// <param name="Request">The request's number.</param>
/// <param name="Word">See <see cref="Extra"/>.</param>
/// <param name="Wait">True with wait_result.</param>
/// <param name="Process">The receiving process; empty = none is alive.</param>
internal sealed record Asked(int Request, string Word, bool Wait, string Process) : Happening;

/// <summary>The reply leaves the coordinator.</summary>
internal sealed record Answered(int Request, string Word, TransactionReply Reply, string Process) : Happening;

/// <summary>The client receives the reply, or learns that there is none.</summary>
/// <param name="Reply">The reply; null = none.</param>
internal sealed record Heard(int Request, string Word, TransactionReply? Reply) : Happening;

/// <summary>A row changed in the database.</summary>
internal sealed record Stored(StoredTransaction Row, string Process) : Happening
{
    public Transaction State => Row.Transaction;
}

/// <summary>A write was fenced by the version.</summary>
/// <param name="IsInsert">True if the write was an insert.</param>
internal sealed record Fenced(string Process, bool IsInsert) : Happening;

/// <summary>A call leaves a process.</summary>
/// <param name="Call">The call's number.</param>
/// <param name="Name">See <see cref="CallFate"/>.</param>
/// <param name="Owner">The owner number of the process; 0 = the submitter itself.</param>
/// <param name="Timeout">The timeout of the call in the process.</param>
/// <param name="Payload">The payload as text.</param>
/// <param name="Header">The value of the header that a policy sets; null = not sent.</param>
internal sealed record Called(
    int Call, string Name, int Attempt, string Process, long Owner, TimeSpan Timeout, string Payload = "",
    string? Header = null) : Happening;

/// <summary>A call reaches a service.</summary>
/// <param name="Did">The effect at the service.</param>
internal sealed record Served(int Call, string Name, string Did) : Happening;

/// <summary>The process receives the outcome of a call.</summary>
internal sealed record CallEnded(int Call, string Name, OutcomeKind Outcome, string Process) : Happening;

/// <summary>A step of a submitter's local transaction or workflow.</summary>
internal sealed record LocalWork(string What) : Happening;

/// <summary>A fault was injected.</summary>
internal sealed record Struck(string Kind, string Target) : Happening;

/// <summary>A process started, ended, stopped or continued.</summary>
internal sealed record MachineNews(string Process, long Owner, string What) : Happening
{
    /// <summary>It starts a graceful stop.</summary>
    public const string Leaves = "leaves";

    /// <summary>The others treat it as dead, whether or not it still runs.</summary>
    public const string DeclaredDead = "is declared dead";

    /// <summary>It has stopped gracefully.</summary>
    public const string Stopped = "has stopped";

    /// <summary>Its graceful stop timed out.</summary>
    public const string CutOff = "has stopped, cut off";
}

/// <summary>A process still had the transaction in memory at the end.</summary>
internal sealed record Kept(string Process) : Happening;

/// <summary>The coordinator logged an error, which means that something unexpected happened.</summary>
internal sealed record Complaint(string Process, string Text) : Happening;
