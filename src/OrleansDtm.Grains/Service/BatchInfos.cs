using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Batches;

namespace OrleansDtm.Grains.Service;

/// <summary>Converts jobs from and to the contract of Orleans clients.</summary>
internal static class BatchInfos
{
    public static BatchOrder Of(BatchChange change) => new(
        WordOf(change.Operation),
        change.Filter?.ToDictionary(static f => f.Key, static string? (f) => f.Value),
        change.DryRun,
        change.Limit,
        change.Reason,
        change.Gids);

    public static BatchInfo Of(BatchJob job) => new()
    {
        Id = job.Id,
        Change = new BatchChange
        {
            Operation = OperationOf(job.Operation),
            Filter = job.Filter,
            Gids = [.. job.Gids.Select(Namespaces.Plain)],
            DryRun = job.DryRun,
            Limit = job.Limit,
            Reason = job.Reason,
        },
        By = job.By.Describe(),
        Status = StatusOf(job.Status),
        Created = job.Created,
        Updated = job.Updated,
        Matched = job.Matched,
        Succeeded = job.Succeeded,
        Rejected = job.Rejected,
        Failed = job.Unavailable,
        LastError = job.LastError,
        Sample = job.Sample,
    };

    /// <summary>A value of a later version is refused by its number.</summary>
    private static string WordOf(BatchOperation operation) => operation switch
    {
        BatchOperation.Retry => BatchJob.Retry,
        BatchOperation.Unpark => BatchJob.Unpark,
        BatchOperation.ForceStop => BatchJob.ForceStop,
        BatchOperation.Resolve => BatchJob.Resolve,
        _ => operation.ToString(),
    };

    private static BatchOperation OperationOf(string word) => word switch
    {
        BatchJob.Retry => BatchOperation.Retry,
        BatchJob.Unpark => BatchOperation.Unpark,
        BatchJob.ForceStop => BatchOperation.ForceStop,
        BatchJob.Resolve => BatchOperation.Resolve,
        _ => BatchOperation.None,
    };

    private static BatchStatus StatusOf(string word) => word switch
    {
        BatchJob.Running => BatchStatus.Running,
        BatchJob.Done => BatchStatus.Done,
        BatchJob.Stopped => BatchStatus.Stopped,
        BatchJob.Failed => BatchStatus.Failed,
        _ => BatchStatus.None,
    };
}
