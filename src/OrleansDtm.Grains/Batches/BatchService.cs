using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Service;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Batches;

/// <summary>Starts, shows and stops jobs, for all APIs.</summary>
/// <param name="items">Has the jobs.</param>
/// <param name="grains">Finds the grain that runs them.</param>
/// <param name="audit">Records who started and stopped them.</param>
/// <param name="clock">The time of jobs.</param>
public sealed class BatchService(
    IKeyValueStore items, IGrainFactory grains, AuditedRequests audit, TimeProvider clock)
{
    /// <summary>The maximum number of transactions of a job.</summary>
    public const int LimitMax = 1_000_000;

    private const int LimitDefault = 10_000;
    private const int RunningMax = 20;
    private const int FilterBytesMax = 4096;

    /// <summary>The maximum number of gids of a job: they are stored with it.</summary>
    public const int GidsMax = 1000;

    private static readonly string[] Operations =
        [BatchJob.Retry, BatchJob.Unpark, BatchJob.ForceStop, BatchJob.Resolve];

    private static readonly string[] Filters =
    [
        "gid", "gid_prefix", "tag", "status", "transType", "host", "error", "parked", "unfinished", "waiting",
        "createTimeStart", "createTimeEnd",
    ];

    private readonly BatchStore _jobs = new(items);

    /// <summary>Stores a job; it then runs by itself.</summary>
    /// <returns>The job; null if the reply is not Ok.</returns>
    /// <exception cref="RequestException">A field is invalid; nothing was stored.</exception>
    public async Task<(TransactionReply Reply, BatchJob? Job)> Start(
        BatchOrder order, Requester by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(by);
        BatchJob? job = null;
        var detail = $"{RequestValidator.Printable(order.Operation ?? "")} {Describe(order)}";
        var reply = await audit.Operation(by, "batch", detail, async () =>
        {
            job = Check(order, by);
            var running = (await List(by.Namespace, cancellationToken)).Count(static other => other.IsRunning);
            if (running >= RunningMax)
            {
                job = null;
                return new TransactionReply
                {
                    Kind = ReplyKind.TooMany,
                    Message = $"{running} jobs are unfinished; wait until one has ended, or stop one",
                };
            }

            await _jobs.Trim(cancellationToken);
            await _jobs.Put(job, 0, cancellationToken);
            grains.GetGrain<IBatchGrain>(0).Wake().Ignore(); // The keeper of each silo wakes it, too.
            return new TransactionReply { Kind = ReplyKind.Ok, Message = $"job {job.Id}" };
        });
        return (reply, job);
    }

    /// <summary>Returns a job; null = there is none.</summary>
    public async Task<BatchJob?> Find(string space, string? id, CancellationToken cancellationToken) =>
        (await _jobs.Find(Id(id), cancellationToken))?.Job is { } job && job.By.Namespace == space ? job : null;

    /// <summary>Returns all jobs of a namespace, the newest first; at most about 100.</summary>
    public async Task<IReadOnlyList<BatchJob>> List(string space, CancellationToken cancellationToken) =>
        [.. (await _jobs.All(cancellationToken)).Where(job => job.By.Namespace == space)];

    /// <summary>Stops a job after the transactions that it is working on. What it has done stays done.</summary>
    /// <exception cref="RequestException">The id is invalid.</exception>
    public Task<TransactionReply> Stop(string? id, Requester by)
    {
        ArgumentNullException.ThrowIfNull(by);
        return audit.Operation(by, "batchStop", $"job {id}", async () =>
        {
            var known = Id(id);
            if (await Find(by.Namespace, known, CancellationToken.None) is null)
            {
                return new TransactionReply { Kind = ReplyKind.NotFound, Message = "no such job" };
            }

            return await Delivery.Ask(() => grains.GetGrain<IBatchGrain>(0).Stop(known), clock);
        });
    }

    private static string Describe(BatchOrder order) =>
        (order.Gids is { Count: > 0 } gids
            ? $"{gids.Count} gids: {string.Join(' ', gids.Take(3).Select(static g => RequestValidator.Printable(g)))}"
                + (gids.Count > 3 ? " ..." : "")
            : "")
        + string.Join(
            '&', (order.Filter ?? []).Where(static f => !string.IsNullOrEmpty(f.Value))
                .Select(static f => $"{RequestValidator.Printable(f.Key)}={RequestValidator.Printable(f.Value!)}"))
        + (order.DryRun == true ? ", dry run" : "")
        + (string.IsNullOrEmpty(order.Reason) ? "" : $", because {RequestValidator.StopReason(order.Reason)}");

    private static string Id(string? id) => string.IsNullOrEmpty(id)
        ? throw new RequestException("id", "is missing")
        : RequestValidator.Gid(id, space: "");

    private BatchJob Check(BatchOrder order, Requester by)
    {
        if (!Operations.Contains(order.Operation))
        {
            throw new RequestException(
                "operation",
                $"'{RequestValidator.Printable(order.Operation ?? "")}' is unknown; one of "
                + string.Join(", ", Operations));
        }

        var now = clock.GetUtcNow();
        return new BatchJob
        {
            Id = GidGenerator.New(),
            Operation = order.Operation!,
            Filter = order.Gids is { Count: > 0 } ? WithoutFilter(order) : Filter(order),
            Gids = Gids(order.Gids, by.Namespace),
            DryRun = order.DryRun ?? false,
            Limit = Limit(order.Limit),
            Reason = Reason(order),
            By = by,
            Created = now,
            Updated = now,
        };
    }

    private static string[] Gids(IReadOnlyList<string>? gids, string space) => gids switch
    {
        null => [],
        { Count: > GidsMax } => throw new RequestException("gids", $"has {gids.Count} gids; the maximum is {GidsMax}"),
        _ => [.. gids.Select(gid => RequestValidator.Gid(gid, space)).Distinct(StringComparer.Ordinal)],
    };

    private static Dictionary<string, string> WithoutFilter(BatchOrder order) =>
        order.Filter?.Values.All(string.IsNullOrEmpty) != false
            ? []
            : throw new RequestException("gids", "cannot be combined with a filter");

    private Dictionary<string, string> Filter(BatchOrder order)
    {
        var filter = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in order.Filter ?? [])
        {
            if (!Filters.Contains(name))
            {
                throw new RequestException(
                    "filter",
                    $"'{RequestValidator.Printable(name)}' is unknown; one of {string.Join(", ", Filters)}");
            }

            if (!string.IsNullOrEmpty(value))
            {
                filter[name] = value;
            }
        }

        if (order.Operation == BatchJob.Unpark)
        {
            filter["parked"] = "true";
        }

        if (filter.Count == 0)
        {
            throw new RequestException("filter", "is empty; a job needs at least one condition, or gids");
        }

        if (filter.Sum(static f => f.Key.Length + f.Value.Length) > FilterBytesMax)
        {
            throw new RequestException("filter", $"has more than {FilterBytesMax} characters");
        }

        try
        {
            BatchRun.Parse(filter, space: "", clock.GetUtcNow());
        }
        catch (RequestException e)
        {
            throw new RequestException("filter", e.Message);
        }

        return filter.GetValueOrDefault("status") is "succeed" or "failed"
            ? throw new RequestException("filter", "status: transactions that have ended cannot be changed")
            : filter;
    }

    private static int Limit(long? limit) => limit switch
    {
        null => LimitDefault,
        > 0 => (int)Math.Min(limit.Value, LimitMax),
        _ => throw new RequestException(
            "limit", string.Create(CultureInfo.InvariantCulture, $"{limit} is not a number of 1 or more")),
    };

    private static string Reason(BatchOrder order) => !string.IsNullOrEmpty(order.Reason)
        ? RequestValidator.StopReason(order.Reason)
        : order.Operation is BatchJob.Retry or BatchJob.Unpark || order.DryRun == true
            ? ""
            : throw new RequestException("reason", $"is missing; {order.Operation} needs one");
}
