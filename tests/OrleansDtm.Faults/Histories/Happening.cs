namespace OrleansDtm.Faults.Histories;

/// <summary>
/// One event that is visible outside the processes: at clients, at branch services, in the database or of the machines.
/// </summary>
internal abstract record Happening
{
    /// <summary>The time since the run's start, measured by one clock for all events.</summary>
    public TimeSpan At { get; init; }

    /// <summary>The index in the history.</summary>
    public long Place { get; init; }

    /// <summary>The transaction; null = no single transaction.</summary>
    public string? Gid { get; init; }
}

/// <summary>A client sends a request.</summary>
/// <param name="Request">The request's number.</param>
/// <param name="Word">
/// prepare, submit, abort, succeed and fail (a workflow's end), reg0, late0 (a registration after the end), retry.
/// </param>
/// <param name="Wait">True with wait_result.</param>
/// <param name="Silo">The silo that receives the request.</param>
internal sealed record Asked(long Request, string Word, bool Wait, string Silo) : Happening;

/// <summary>The client receives the response, or learns that there is none.</summary>
/// <param name="Code">
/// The HTTP status code, whatever the protocol; 0 = no response, or one that leaves the outcome unknown (503).
/// </param>
internal sealed record Heard(long Request, string Word, bool Wait, int Code, string Text) : Happening;

/// <summary>A call reaches a branch service.</summary>
/// <param name="Call">The call's number.</param>
/// <param name="Name">
/// a0 action of step 0, c0 compensation, f0 and b0 forward and back of a registered branch, q query_prepared or
/// resumption.
/// </param>
/// <param name="BranchId">The branch id in the call.</param>
/// <param name="Op">The op in the call.</param>
/// <param name="Silo">The calling silo; empty = unknown; <c>client</c> = the submitter itself.</param>
internal sealed record Served(long Call, string Name, string BranchId, string Op, string Silo) : Happening;

/// <summary>The service answers a call.</summary>
/// <param name="Answer">The response.</param>
/// <param name="Did">The effect.</param>
internal sealed record Replied(long Call, string Name, Answer Answer, string Did) : Happening;

internal enum Answer
{
    Success,
    Failure,
    Ongoing,
    Error,

    /// <summary>The connection breaks, or the caller has stopped waiting.</summary>
    None,
}

/// <summary>A row in the database has changed.</summary>
internal sealed record Seen(string Status, long Version, long? Finished) : Happening;

/// <summary>The final state in the API.</summary>
/// <param name="Status">The status; null = the API does not know the transaction.</param>
internal sealed record Told(string? Status, string Reason, IReadOnlyList<ToldBranch> Branches) : Happening;

internal sealed record ToldBranch(string Id, string Op, string Status);

/// <summary>A step of a submitter's local transaction or workflow.</summary>
internal sealed record LocalWork(string What) : Happening;

/// <summary>A fault begins.</summary>
internal sealed record Struck(string Kind, string Target) : Happening;

/// <summary>The fault is over, and everything that it broke works again.</summary>
internal sealed record Healed(string Kind, string Target) : Happening;

/// <summary>A process started, paused, continued or ended.</summary>
internal sealed record SiloNews(string Silo, string What) : Happening;
