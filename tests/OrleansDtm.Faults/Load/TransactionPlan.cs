namespace OrleansDtm.Faults.Load;

/// <summary>The plan of one transaction: its requests, and the behaviour of its submitter and branches.</summary>
internal sealed record TransactionPlan
{
    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    public required string Type { get; init; }

    /// <summary>http or grpc, for the API and the branches.</summary>
    public string Protocol { get; init; } = "http";

    /// <summary>The number of steps or registered branches.</summary>
    public int Steps { get; init; } = 2;

    /// <summary>saga, msg: the steps run concurrently.</summary>
    public bool Concurrent { get; init; }

    /// <summary>saga: the predecessors of each step.</summary>
    public IReadOnlyDictionary<int, int[]> Orders { get; init; } = new Dictionary<int, int[]>();

    public bool Wait { get; init; }

    /// <summary>Seconds; 0 = the coordinator's default.</summary>
    public int TimeoutToFail { get; init; }

    public int RetryInterval { get; init; } = 1;

    public int RequestTimeout { get; init; } = 2;

    public int RetryLimit { get; init; }

    /// <summary>msg: seconds before it is sent.</summary>
    public int Delay { get; init; }

    /// <summary>
    /// msg: it is prepared first, with a query_prepared URL. Other patterns are always prepared, or never.
    /// </summary>
    public bool Prepares { get; init; }

    /// <summary>True if the submitter wants the transaction to succeed.</summary>
    public bool MeansIt { get; init; } = true;

    /// <summary>The submitter dies before its nth request; 0 = never.</summary>
    public int DiesAt { get; init; }

    /// <summary>Bytes of one payload.</summary>
    public int PayloadBytes { get; init; } = 20;

    /// <summary>
    /// The fates of calls, by name (<see cref="Histories.Served"/>), in the order of their arrival. Further calls
    /// succeed.
    /// </summary>
    public IReadOnlyDictionary<string, Fate[]> Fates { get; init; } = new Dictionary<string, Fate[]>();

    /// <summary>Additional requests, each sent some time after the original one by an unspecified client.</summary>
    public IReadOnlyList<Extra> Extras { get; init; } = [];

    /// <summary>True if no call fails, and the submitter neither dies, repeats a request nor aborts.</summary>
    public bool IsPlain => Fates.Count == 0 && Extras.Count == 0 && DiesAt == 0 && MeansIt;
}

/// <param name="Word">
/// The repeated request; <c>late0</c> = a further branch is registered after the decision was answered; <c>retry</c> =
/// a request to make pending calls due.
/// </param>
/// <param name="After">The time after the original request, or after the start.</param>
internal sealed record Extra(string Word, TimeSpan After);

/// <summary>What a service does with a call.</summary>
internal enum Fate
{
    Fine,

    /// <summary>Done at once, answered a little later.</summary>
    Slow,

    /// <summary>Done at once, answered after the caller's timeout.</summary>
    LateAnswer,

    /// <summary>Done only after the caller's timeout.</summary>
    LateArrival,

    /// <summary>Done twice.</summary>
    Twice,

    /// <summary>Not done, HTTP 500.</summary>
    Error,

    /// <summary>Done, and answered with HTTP 500.</summary>
    DoneButError,

    /// <summary>Not done yet, HTTP 425.</summary>
    Ongoing,

    /// <summary>Not done, HTTP 409.</summary>
    Refused,

    /// <summary>Not done, 200 with the word FAILURE.</summary>
    RefusedInBody,

    /// <summary>Not done, never answered.</summary>
    Hangs,

    /// <summary>Not done, the connection is reset.</summary>
    Reset,

    /// <summary>Done, the connection is reset before the answer.</summary>
    LostAnswer,
}
