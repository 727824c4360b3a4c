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

    /// <summary>
    /// Jobs of other namespaces than the default one: silos of an earlier version would run them in the default one.
    /// </summary>
    private const string Namespaced = "batches@";

    private static readonly string[] Categories = [Category, Namespaced];
    private const int PageRows = 50;

    /// <summary>Returns a job and the version of its item; null = there is none.</summary>
    public async Task<(BatchJob Job, long Version)?> Find(string id, CancellationToken cancellationToken)
    {
        foreach (var category in Categories)
        {
            if (await items.Get(category, id, cancellationToken) is { } item)
            {
                return (BatchJob.Parse(item.Value), item.Version);
            }
        }

        return null;
    }

    /// <summary>Writes a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="expectedVersion">0 = it is new.</param>
    /// <returns>False = another one has written it.</returns>
    public async Task<bool> Put(BatchJob job, long expectedVersion, CancellationToken cancellationToken) =>
        await items.Put(CategoryOf(job), job.Id, job.ToJson(), expectedVersion, cancellationToken)
            == WriteResult.Written;

    /// <summary>All jobs; of each namespace the newest first.</summary>
    public async Task<List<BatchJob>> All(CancellationToken cancellationToken)
    {
        var jobs = new List<BatchJob>();
        foreach (var category in Categories)
        {
            IReadOnlyList<KeyValueItem> page;
            var before = 0L;
            do
            {
                page = await items.Scan(category, before, PageRows, cancellationToken);
                jobs.AddRange(page.Select(static item => BatchJob.Parse(item.Value)));
                before = page is [.., var last] ? last.Id : 0;
            }
            while (page.Count == PageRows);
        }

        return jobs;
    }

    /// <summary>Deletes the oldest jobs that have ended, beyond those of their namespace that are kept.</summary>
    public async Task Trim(CancellationToken cancellationToken)
    {
        var jobs = await All(cancellationToken);
        var old = jobs.GroupBy(static job => job.By.Namespace).SelectMany(static of => of.Skip(Kept));
        foreach (var job in old.Where(static job => !job.IsRunning))
        {
            if (await Find(job.Id, cancellationToken) is { } found)
            {
                await items.Delete(CategoryOf(job), job.Id, found.Version, cancellationToken);
            }
        }
    }

    private static string CategoryOf(BatchJob job) => job.By.Namespace.Length == 0 ? Category : Namespaced;
}
