using OrleansDtm.Abstractions;

namespace OrleansDtm.Grains.Batches;

/// <summary>Runs jobs, one after the other; the key is 0, so the cluster has one.</summary>
[Alias("dtm.IBatchGrain")]
public interface IBatchGrain : IGrainWithIntegerKey
{
    /// <summary>Looks for unfinished jobs and runs them. Returns at once.</summary>
    [Alias("Wake")]
    Task Wake();

    /// <summary>Keeps it active. It looks for jobs when it is activated, and once a minute.</summary>
    [Alias("Keep")]
    Task Keep();

    /// <summary>Stops a job. Conflict if it has ended, NotFound if there is none.</summary>
    [Alias("Stop")]
    Task<TransactionReply> Stop(string id);
}
