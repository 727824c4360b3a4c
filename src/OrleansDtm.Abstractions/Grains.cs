namespace OrleansDtm.Abstractions;

/// <summary>One transaction; the key is its gid.</summary>
[Alias("dtm.ITransactionGrain")]
public interface ITransactionGrain : IGrainWithStringKey
{
    /// <summary>Starts it, or lets a prepared one go forward. Answers after commit; with WaitResult at its end or at the first pause.</summary>
    [Alias("Submit"), ResponseTimeout("01:00:00")]
    Task<TransactionReply> Submit(SubmissionMessage submission);

    /// <summary>Announces it.</summary>
    [Alias("Prepare")]
    Task<TransactionReply> Prepare(SubmissionMessage submission);

    /// <summary>Lets a prepared one go back.</summary>
    /// <param name="type">The pattern the caller believes it is.</param>
    /// <param name="reason">Kept as the rollback reason; may be empty.</param>
    [Alias("Abort")]
    Task<TransactionReply> Abort(string type, string reason);

    /// <summary>Adds a branch while it is prepared. The same branch again changes nothing.</summary>
    [Alias("RegisterBranch")]
    Task<TransactionReply> RegisterBranch(RegisterMessage branch);

    /// <summary>Ends a workflow as its SDK says.</summary>
    /// <param name="status">succeed or failed.</param>
    /// <param name="reason">Why it failed; may be empty.</param>
    /// <param name="result">What it returned, as the SDK wrote it; may be empty.</param>
    [Alias("FinishWorkflow")]
    Task<TransactionReply> FinishWorkflow(string status, string reason, string result);

    /// <summary>Ends it without compensation.</summary>
    [Alias("ForceStop")]
    Task<TransactionReply> ForceStop();

    /// <summary>Makes the calls that wait for a retry now.</summary>
    [Alias("RetryNow")]
    Task<TransactionReply> RetryNow();

    /// <summary>Goes on with what is due, loading it first if need be.</summary>
    /// <param name="goneOwner">A process that is known to be dead: its calls are not waited for; 0 = none is known.</param>
    /// <returns>False when the store was away: ask again.</returns>
    [Alias("Resume")]
    Task<bool> Resume(long goneOwner);
}

/// <summary>The calls to one service; the key is the authority of its URLs.</summary>
[Alias("dtm.IBranchGrain")]
public interface IBranchGrain : IGrainWithStringKey
{
    /// <summary>Makes the call. Does not throw for anything the service does.</summary>
    [Alias("Call"), ResponseTimeout("25:00:00")]
    Task<BranchAnswer> Call(BranchCallMessage call);
}

/// <summary>The subscribers of one topic; the key is its name.</summary>
[Alias("dtm.ITopicGrain")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>Adds a subscriber, and the topic with the first. Conflict when the URL is subscribed already.</summary>
    [Alias("Subscribe")]
    Task<TransactionReply> Subscribe(string url, string remark);

    /// <summary>Removes a subscriber. NotFound when there is no such topic or subscriber.</summary>
    [Alias("Unsubscribe")]
    Task<TransactionReply> Unsubscribe(string url);

    /// <summary>Removes the topic. NotFound when there is none.</summary>
    [Alias("Delete")]
    Task<TransactionReply> Delete();

    /// <summary>Who is called; empty = no such topic.</summary>
    [Alias("Subscribers")]
    Task<TopicSubscriber[]> Subscribers();
}

/// <summary>Looks after the unfinished transactions of one store shard; the key is its number.</summary>
[Alias("dtm.IRecoveryGrain")]
public interface IRecoveryGrain : IGrainWithIntegerKey
{
    /// <summary>Registers the reminder and starts sweeping. Idempotent.</summary>
    [Alias("Start")]
    Task Start();
}
