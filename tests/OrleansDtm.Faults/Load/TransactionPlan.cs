namespace OrleansDtm.Faults.Load;

/// <summary>One transaction as its submitter and its branches mean it.</summary>
internal sealed record TransactionPlan
{
    public required string Gid { get; init; }

    /// <summary>saga, msg, tcc, xa or workflow.</summary>
    public required string Type { get; init; }

    /// <summary>http or grpc: of the API and of the branches.</summary>
    public string Protocol { get; init; } = "http";

    /// <summary>Steps, or branches that are registered.</summary>
    public int Steps { get; init; } = 2;

    /// <summary>saga, msg: steps side by side.</summary>
    public bool Concurrent { get; init; }

    /// <summary>saga: before this step those have to be done.</summary>
    public IReadOnlyDictionary<int, int[]> Orders { get; init; } = new Dictionary<int, int[]>();

    public bool Wait { get; init; }

    /// <summary>Seconds; 0 = the coordinator's.</summary>
    public int TimeoutToFail { get; init; }

    public int RetryInterval { get; init; } = 1;

    public int RequestTimeout { get; init; } = 2;

    public int RetryLimit { get; init; }

    /// <summary>msg: seconds before it is sent.</summary>
    public int Delay { get; init; }

    /// <summary>
    /// msg: announced first, with a question to be asked. Others are prepared by their nature, or never.
    /// </summary>
    public bool Prepares { get; init; }

    /// <summary>The submitter wants it to happen.</summary>
    public bool MeansIt { get; init; } = true;

    /// <summary>The submitter dies before it says its nth word; 0 = it does not.</summary>
    public int DiesAt { get; init; }

    /// <summary>Bytes of one payload.</summary>
    public int PayloadBytes { get; init; } = 20;

    /// <summary>
    /// What becomes of calls, by name (<see cref="Histories.Served"/>), in the order of their arrival. Further ones go
    /// well.
    /// </summary>
    public IReadOnlyDictionary<string, Fate[]> Fates { get; init; } = new Dictionary<string, Fate[]>();

    /// <summary>What is said once more, by whom it is never known: so long after it was said first.</summary>
    public IReadOnlyList<Extra> Extras { get; init; } = [];

    /// <summary>Nobody lies, dies, hangs or repeats himself.</summary>
    public bool IsPlain => Fates.Count == 0 && Extras.Count == 0 && DiesAt == 0 && MeansIt;
}

/// <param name="Word">Which word is repeated; <c>late0</c> = a further branch is registered once the decision was told;
/// <c>retry</c> = somebody wants waiting calls made at once.</param>
/// <param name="After">After the word was said first, or after the start.</param>
internal sealed record Extra(string Word, TimeSpan After);

/// <summary>What a service does with a call.</summary>
internal enum Fate
{
    Fine,

    /// <summary>Done at once, answered a little later.</summary>
    Slow,

    /// <summary>Done at once, answered when nobody waits any more.</summary>
    LateAnswer,

    /// <summary>Not done before nobody waits any more.</summary>
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

    /// <summary>Nothing is done, and never answered.</summary>
    Hangs,

    /// <summary>Not done, the connection is reset.</summary>
    Reset,

    /// <summary>Done, the connection is reset before the answer.</summary>
    LostAnswer,
}
