using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Batches;

/// <summary>One run of a job: reads pages of the listing and works on their transactions, at a bounded rate.</summary>
internal sealed class BatchRun(
    string id, BatchStore jobs, ITransactionStore store, TransactionService transactions, DtmGrainOptions options)
{
    /// <summary>The transactions of a page, after which the progress is written; at most those of a second.</summary>
    private const int PageRowsMax = 200;

    /// <summary>The transactions that are changed at the same time.</summary>
    private const int Concurrency = 16;

    private const int SampleMax = 10;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version;
    private volatile bool _stops;

    public BatchJob Job { get; private set; } = new()
    {
        Id = id,
        Operation = "",
        Filter = [],
        Limit = 0,
        By = new(Audit.Requester.Anonymous, "", "", ""),
        Created = default,
        Updated = default,
    };

    /// <summary>Asks it to stop, and waits until its progress is written.</summary>
    public Task Stop()
    {
        _stops = true;
        return _ended.Task;
    }

    /// <summary>Works until the job has ended, or another activation has taken it over.</summary>
    /// <param name="yields">Asked after each page: true = another job has its turn.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public async Task Run(Func<bool> yields, CancellationToken cancellationToken)
    {
        try
        {
            if (await jobs.Find(id, cancellationToken) is not { } found || !found.Job.IsRunning)
            {
                return;
            }

            (Job, _version) = found;
            while (Job.IsRunning)
            {
                if (_stops)
                {
                    await Write(Job with { Status = BatchJob.Stopped });
                    return;
                }

                if (!await Write(await Page(cancellationToken)))
                {
                    return; // Stopped, or taken over.
                }

                if (!_stops && yields())
                {
                    return;
                }
            }
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    /// <summary>The listing of a filter.</summary>
    /// <exception cref="RequestException">The filter is invalid.</exception>
    public static ListRequest Parse(Dictionary<string, string> filter, string space, DateTimeOffset now) =>
        ListQuery.Parse(name => filter.GetValueOrDefault(name), space, now);

    /// <summary>Works on one page.</summary>
    /// <returns>The job with its progress.</returns>
    private async Task<BatchJob> Page(CancellationToken cancellationToken)
    {
        if (Job.Gids.Length > 0)
        {
            return await Named(cancellationToken);
        }

        var request = Parse(Job.Filter, Job.By.Namespace, options.Clock.GetUtcNow());
        var filter = request.Filter with
        {
            IsUnfinished = true,
            Limit = Math.Min(Math.Min(PageRowsMax, options.BatchRate), Job.Limit - Job.Matched),
        };
        IReadOnlyList<long> before;
        try
        {
            before = ListPosition.Parse(Job.Position, store.Shards.Count);
        }
        catch (RequestException e)
        {
            return Job with { Status = BatchJob.Failed, LastError = e.Message };
        }

        var page = await (request.Scan is { } scan
            ? TransactionListing.Scan(
                store.Shards, filter, before, row => scan.Matches(row.Transaction), cancellationToken)
            : TransactionListing.Read(store.Shards, filter, before, cancellationToken));
        var next = Job with
        {
            Matched = Job.Matched + page.Rows.Count,
            Sample = Job.Sample.Length >= SampleMax
                ? Job.Sample
                : [.. Job.Sample.Concat(page.Rows.Select(static r => GidOf(r.Transaction))).Take(SampleMax)],
            Position = page.Next is null ? Job.Position : ListPosition.Format(page.Next),
        };
        next = await Work(next, page.Rows, request.Scan, cancellationToken);
        return page.Next is null || next.Matched >= next.Limit ? next with { Status = BatchJob.Done } : next;
    }

    /// <summary>Works on the next of the gids that the order names.</summary>
    private async Task<BatchJob> Named(CancellationToken cancellationToken)
    {
        _ = int.TryParse(Job.Position, NumberStyles.None, CultureInfo.InvariantCulture, out var start);
        var gids = Job.Gids.AsSpan(Math.Min(start, Job.Gids.Length)).ToArray()
            .Take(Math.Min(Math.Min(PageRowsMax, options.BatchRate), Job.Limit - Job.Matched)).ToList();
        var rows = new List<StoredTransaction>();
        foreach (var gid in gids)
        {
            if (await store.Load(gid, cancellationToken) is { Transaction.IsFinal: false } row
                && (Job.Operation != BatchJob.Unpark || row.Transaction.IsParked))
            {
                rows.Add(row);
            }
        }

        var end = start + gids.Count;
        var next = Job with
        {
            Matched = Job.Matched + rows.Count,
            Sample = [.. Job.Sample.Concat(rows.Select(static r => GidOf(r.Transaction))).Take(SampleMax)],
            Position = end.ToString(CultureInfo.InvariantCulture),
        };
        next = await Work(next, rows, null, cancellationToken);
        return end >= Job.Gids.Length || next.Matched >= next.Limit ? next with { Status = BatchJob.Done } : next;
    }

    /// <summary>Works on the transactions of a page, at the bounded rate.</summary>
    /// <returns>The job with the outcomes counted.</returns>
    private async Task<BatchJob> Work(
        BatchJob next, IReadOnlyList<StoredTransaction> page, ListScan? scan, CancellationToken cancellationToken)
    {
        if (Job.DryRun)
        {
            return next;
        }

        foreach (var rows in page.Chunk(Math.Min(Concurrency, options.BatchRate)))
        {
            var pace = Task.Delay(
                TimeSpan.FromSeconds((double)rows.Length / options.BatchRate), options.Clock, cancellationToken);
            foreach (var reply in await Task.WhenAll(rows.Select(row => Work(row.Transaction, scan))))
            {
                next = Counted(next, reply);
            }

            await pace;
        }

        return next;
    }

    /// <summary>As requests name it: the job's operator has the namespace.</summary>
    private static string GidOf(Transaction transaction) => Namespaces.Plain(transaction.Definition.Gid);

    private static BatchJob Counted(BatchJob job, TransactionReply reply) => reply.Kind switch
    {
        ReplyKind.Ok => job with { Succeeded = job.Succeeded + 1 },
        ReplyKind.Unavailable => job with { Unavailable = job.Unavailable + 1, LastError = reply.Message },
        _ => job with { Rejected = job.Rejected + 1, LastError = reply.Message },
    };

    private async Task<TransactionReply> Work(Transaction transaction, ListScan? scan)
    {
        var gid = GidOf(transaction);
        var reason = Job.Reason.Length > 0 ? $"{Job.Reason} (job {Job.Id})" : $"job {Job.Id}";
        try
        {
            return Job.Operation switch
            {
                BatchJob.Retry or BatchJob.Unpark => await transactions.ResetNextCronTime(
                    new TransactionRequest { Gid = gid, Reason = reason }, Job.By),
                BatchJob.ForceStop => await transactions.ForceStop(
                    new TransactionRequest { Gid = gid, Reason = reason }, Job.By),
                BatchJob.Resolve => await Resolve(transaction, scan, reason),
                _ => new TransactionReply
                {
                    Kind = ReplyKind.Invalid,
                    Message = $"operation: '{Job.Operation}' is unknown to this version",
                },
            };
        }
        catch (RequestException e)
        {
            return new TransactionReply { Kind = ReplyKind.Invalid, Message = e.Message };
        }
        catch (StoreUnavailableException e)
        {
            return new TransactionReply { Kind = ReplyKind.Unavailable, Message = e.Message };
        }
    }

    /// <summary>
    /// Resolves the calls that wait for a retry or are put aside; with a search for a host or an error only those.
    /// </summary>
    private async Task<TransactionReply> Resolve(Transaction transaction, ListScan? scan, string reason)
    {
        var waiting = transaction.Branches.Where(call =>
            call is { Status: BranchStatus.Prepared } and ({ RetryAt: not null } or { Parked: true })
                && scan?.Matches(call) != false);
        var reply = new TransactionReply
        {
            Kind = ReplyKind.Conflict,
            Message = "no call waits for a retry or is put aside",
        };
        foreach (var call in waiting)
        {
            reply = await transactions.ResolveBranch(
                GidOf(transaction), call.Definition.Id, call.Definition.Op, reason, Job.By);
            if (reply.Kind != ReplyKind.Ok)
            {
                break;
            }
        }

        return reply;
    }

    /// <returns>False = another one has written the job: it is stopped or taken over.</returns>
    private async Task<bool> Write(BatchJob next)
    {
        next = next with { Updated = options.Clock.GetUtcNow() };
        var isWritten = await jobs.Put(next, _version, CancellationToken.None);
        (Job, _version) = isWritten ? (next, _version + 1) : (Job, _version);
        return isWritten;
    }
}
