using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Histories;

/// <summary>One line of what could be seen from outside the code under test: on the wire, in the database, of the machines.</summary>
internal abstract record Happening
{
    /// <summary>Since the world's start.</summary>
    public TimeSpan At { get; init; }

    /// <summary>Its place in the history.</summary>
    public int Place { get; init; }

    /// <summary>Null = it concerns no single transaction.</summary>
    public string? Gid { get; init; }
}

/// <summary>A request leaves a client.</summary>
/// <param name="Request">Its number.</param>
/// <param name="Word">See <see cref="Extra"/>.</param>
/// <param name="Wait">With wait_result.</param>
/// <param name="Process">Whom it asks; empty = nobody is there.</param>
internal sealed record Asked(int Request, string Word, bool Wait, string Process) : Happening;

/// <summary>Its answer leaves the coordinator.</summary>
internal sealed record Answered(int Request, string Word, TransactionReply Reply, string Process) : Happening;

/// <summary>Its answer, or that there will be none, reaches the client.</summary>
/// <param name="Reply">Null = none came.</param>
internal sealed record Heard(int Request, string Word, TransactionReply? Reply) : Happening;

/// <summary>A row changed in the database.</summary>
internal sealed record Stored(StoredTransaction Row, string Process) : Happening
{
    public Transaction State => Row.Transaction;
}

/// <summary>A write was guarded off.</summary>
/// <param name="IsInsert">It took the row for new.</param>
internal sealed record Fenced(string Process, bool IsInsert) : Happening;

/// <summary>A call leaves a process.</summary>
/// <param name="Call">Its number.</param>
/// <param name="Name">See <see cref="CallFate"/>.</param>
/// <param name="Owner">The process, as the rows name it; 0 = the submitter itself.</param>
/// <param name="Timeout">How long the process lets it take.</param>
internal sealed record Called(int Call, string Name, int Attempt, string Process, long Owner, TimeSpan Timeout) : Happening;

/// <summary>A call reaches a service.</summary>
/// <param name="Did">What it did there.</param>
internal sealed record Served(int Call, string Name, string Did) : Happening;

/// <summary>The process learns how a call ended.</summary>
internal sealed record CallEnded(int Call, string Name, OutcomeKind Outcome, string Process) : Happening;

/// <summary>A submitter's local transaction, or its workflow, comes to something.</summary>
internal sealed record LocalWork(string What) : Happening;

/// <summary>Something was broken on purpose.</summary>
internal sealed record Struck(string Kind, string Target) : Happening;

/// <summary>A process began, ended, stopped or went on.</summary>
internal sealed record MachineNews(string Process, long Owner, string What) : Happening
{
    /// <summary>It begins to stop in an orderly way.</summary>
    public const string Leaves = "leaves";

    /// <summary>It has stopped in an orderly way, in its own time.</summary>
    public const string Stopped = "has stopped";

    /// <summary>It has stopped, but was not given the time.</summary>
    public const string CutOff = "has stopped, cut off";
}

/// <summary>When all was over, a process still had the transaction in memory.</summary>
internal sealed record Kept(string Process) : Happening;

/// <summary>The coordinator logged an error: it met what it did not expect.</summary>
internal sealed record Complaint(string Process, string Text) : Happening;
