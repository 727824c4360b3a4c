namespace OrleansDtm.Faults.Histories;

/// <summary>
/// One line of what could be seen from outside the processes: by clients, by branch services, in the database, of the
/// machines.
/// </summary>
internal abstract record Happening
{
    /// <summary>Since the run's start, by one clock for all.</summary>
    public TimeSpan At { get; init; }

    /// <summary>Its place in the history.</summary>
    public long Place { get; init; }

    /// <summary>Null = it concerns no single transaction.</summary>
    public string? Gid { get; init; }
}

/// <summary>A client sends a request.</summary>
/// <param name="Request">Its number.</param>
/// <param name="Word">prepare, submit, abort, succeed and fail (a workflow's end), reg0, late0 (a registration after
/// the end), retry.</param>
/// <param name="Wait">With wait_result.</param>
/// <param name="Silo">Through whose door.</param>
internal sealed record Asked(long Request, string Word, bool Wait, string Silo) : Happening;

/// <summary>Its answer reaches the client.</summary>
/// <param name="Code">As over HTTP, whatever the protocol; 0 = none came, or
/// none that tells whether it was done (503).</param>
internal sealed record Heard(long Request, string Word, bool Wait, int Code, string Text) : Happening;

/// <summary>A call reaches a branch service.</summary>
/// <param name="Call">Its number.</param>
/// <param name="Name">a0 action of step 0, c0 compensation, f0 and b0 forward and back of a registered branch, q
/// question or resumption.</param>
/// <param name="BranchId">As the call says.</param>
/// <param name="Op">As the call says.</param>
/// <param name="Silo">Who made it; empty = nobody can tell; <c>client</c> = the submitter itself.</param>
internal sealed record Served(long Call, string Name, string BranchId, string Op, string Silo) : Happening;

/// <summary>The service answers a call.</summary>
/// <param name="Answer">What it sends.</param>
/// <param name="Did">What it did.</param>
internal sealed record Replied(long Call, string Name, Answer Answer, string Did) : Happening;

internal enum Answer
{
    Success,
    Failure,
    Ongoing,
    Error,

    /// <summary>The connection breaks, or nobody waits any more.</summary>
    None,
}

/// <summary>A row in the database looks different than before.</summary>
internal sealed record Seen(string Status, long Version, long? Finished) : Happening;

/// <summary>What the API says of it at the end.</summary>
/// <param name="Status">Null = there is no such transaction.</param>
internal sealed record Told(string? Status, string Reason, IReadOnlyList<ToldBranch> Branches) : Happening;

internal sealed record ToldBranch(string Id, string Op, string Status);

/// <summary>A submitter's own work.</summary>
internal sealed record LocalWork(string What) : Happening;

/// <summary>A fault begins.</summary>
internal sealed record Struck(string Kind, string Target) : Happening;

/// <summary>It is over; what it broke is working again.</summary>
internal sealed record Healed(string Kind, string Target) : Happening;

/// <summary>A process began, stopped, went on or ended.</summary>
internal sealed record SiloNews(string Silo, string What) : Happening;
