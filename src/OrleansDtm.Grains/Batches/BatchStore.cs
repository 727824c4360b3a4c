using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Batches;

/// <summary>
/// Jobs in the key-value store. The version of an item guards each write, so that two activations cannot both go on
/// with a job.
/// </summary>
/// <param name="items">The store.</param>
internal sealed class BatchStore(IKeyValueStore items)
{
    /// <summary>The number of jobs that are kept; older ones that have ended are deleted.</summary>
    public const int Kept = 100;

    private const string Category = "batches";
    private const int PageRows = 50;

    /// <summary>Returns a job and the version of its item; null = there is none.</summary>
    public async Task<(BatchJob Job, long Version)?> Find(string id, CancellationToken cancellationToken) =>
        await items.Get(Category, id, cancellationToken) is { } item
            ? (BatchJob.Parse(item.Value), item.Version)
            : null;

    /// <summary>Writes a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="expectedVersion">0 = it is new.</param>
    /// <returns>False = another one has written it.</returns>
    public async Task<bool> Put(BatchJob job, long expectedVersion, CancellationToken cancellationToken) =>
        await items.Put(Category, job.Id, job.ToJson(), expectedVersion, cancellationToken) == WriteResult.Written;

    /// <summary>All jobs, the newest first.</summary>
    public async Task<List<BatchJob>> All(CancellationToken cancellationToken)
    {
        var jobs = new List<BatchJob>();
        for (var before = 0L; ;)
        {
            var page = await items.Scan(Category, before, PageRows, cancellationToken);
            jobs.AddRange(page.Select(static item => BatchJob.Parse(item.Value)));
            if (page.Count < PageRows)
            {
                return jobs;
            }

            before = page[^1].Id;
        }
    }

    /// <summary>Deletes the oldest jobs that have ended, beyond those that are kept.</summary>
    public async Task Trim(CancellationToken cancellationToken)
    {
        var jobs = await All(cancellationToken);
        foreach (var job in jobs.Skip(Kept).Where(static job => !job.IsRunning))
        {
            if (await Find(job.Id, cancellationToken) is { } found)
            {
                await items.Delete(Category, job.Id, found.Version, cancellationToken);
            }
        }
    }
}
