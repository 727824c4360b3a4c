namespace OrleansDtm.Client;

/// <summary>What can be said about any global transaction. Coordinators other than OrleansDtm know whole seconds only.</summary>
public class TransactionOptions
{
    /// <summary>1 to 128 characters, unique. Null (default) = a new one.</summary>
    public string? Gid { get; init; }

    /// <summary>
    /// True: the submit is answered when the transaction has ended, or pauses before a retry (so it need not have ended then). False
    /// (default): once it is stored.
    /// </summary>
    public bool WaitResult { get; init; }

    /// <summary>
    /// A saga is rolled back at this age, a prepared message asked about, a prepared TCC or XA rolled back. Null (default) = the
    /// coordinator's: never for a saga, 35 s for the others unless configured.
    /// </summary>
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>Wait before the first retry, doubling from there. Null (default) = the coordinator's: 10 s unless configured.</summary>
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>
    /// How long one call of a branch may take. Null (default) = for the coordinator's calls 3 s unless configured there, for those made
    /// from here (try, XA action) <see cref="DtmOptions.BranchTimeout"/>.
    /// </summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>Go with each call of a branch as HTTP headers. Stored with the transaction. Default: none.</summary>
    public IReadOnlyDictionary<string, string> BranchHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// DTM's custom_data, kept and shown by query. Null (default) = made of the other options. A saga and a message keep options of theirs
    /// in it as JSON, so there it can be nothing else, and cannot be given together with Concurrent of a saga or Delay.
    /// </summary>
    public string? CustomData { get; init; }

    /// <summary>Told the gid, status and reason when the transaction has ended; OrleansDtm only. Null (default) = nobody.</summary>
    public string? CallbackUrl { get; init; }
}

/// <summary>What can be said about a saga.</summary>
public sealed class SagaOptions : TransactionOptions
{
    /// <summary>Failed calls after which it is rolled back. 0 (default) = no limit.</summary>
    public int RetryLimit { get; init; }

    /// <summary>Steps run side by side, except where <see cref="Saga.Order"/> says otherwise. Default: one after the other.</summary>
    public bool Concurrent { get; init; }
}

/// <summary>What can be said about a message.</summary>
public sealed class MsgOptions : TransactionOptions
{
    /// <summary>All its calls side by side. Default: one after the other.</summary>
    public bool Concurrent { get; init; }

    /// <summary>How long after it was stored the calls are made. Null (default) = at once.</summary>
    public TimeSpan? Delay { get; init; }
}
