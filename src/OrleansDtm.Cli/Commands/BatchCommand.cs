using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Commands;

/// <summary>Jobs that change many transactions.</summary>
internal sealed class BatchCommand : OdtmCommand
{
    private readonly Filters _filters = new();

    private readonly Argument<string> _operation = new("OPERATION")
    {
        Description = "retry, unpark, force_stop or resolve",
    };

    private readonly Argument<string> _id = new("ID") { Description = "the job" };

    private readonly Option<int> _limit = Given.Whole(
        "--limit", "maximum number of transactions, the newest first", 10_000, 1, 1_000_000);

    private readonly Option<string?> _reason = new("--reason")
    {
        Description = "why; force_stop and resolve need it",
        HelpName = "TEXT",
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "only count what the filter selects" };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var start = new Command("start", "Start a job on the unfinished transactions of a filter.") { _operation };
        _filters.AddTo(start);
        foreach (var option in (Option[])[_limit, _reason, _dryRun])
        {
            start.Options.Add(option);
        }

        OnRun(start, options, terminal, Start);
        var list = new Command("list", "List jobs, newest first.");
        OnRun(list, options, terminal, List);
        var show = new Command("show", "Show a job and its progress.") { _id };
        OnRun(show, options, terminal, Show);
        var stop = new Command("stop", "Stop a job. What it has done stays done.") { _id };
        OnRun(stop, options, terminal, Stop);
        return new Command("batch", "Retry, stop or resolve many transactions by a job of the coordinator.")
        {
            start, list, show, stop,
        };
    }

    /// <summary>Starts a job.</summary>
    public static async Task<int> Start(Session session, JsonObject order, CancellationToken cancel)
    {
        var (job, json) = await session.Coordinator.Post(
            "batch", order, ProtocolJson.Default.BatchView, cancel);
        session.Report($"Job {job.Id} is started. Its progress: odtm batch show {job.Id}", json);
        return ExitCodes.Done;
    }

    private Task<int> Start(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var operation = parsed.GetRequiredValue(_operation);
        var isDry = parsed.GetValue(_dryRun);
        var filter = _filters.Conditions(parsed, session.Now);
        if (!isDry && operation is not ("retry" or "unpark"))
        {
            session.Confirm(operation == "resolve"
                ? "The waiting calls of all unfinished transactions of the filter will count as succeeded."
                : "All unfinished transactions of the filter will end as failed, without compensation.");
        }

        return Start(
            session,
            new JsonObject
            {
                ["operation"] = operation,
                ["filter"] = filter,
                ["limit"] = parsed.GetValue(_limit),
                ["reason"] = parsed.GetValue(_reason),
                ["dry_run"] = isDry,
            },
            cancel);
    }

    private static async Task<int> List(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (jobs, json) = await session.Coordinator.Get("batches", ProtocolJson.Default.BatchListView, cancel);
        if (session.IsJson)
        {
            session.WriteJson(json);
            return ExitCodes.Done;
        }

        if (jobs.Batches.Count == 0)
        {
            await session.Terminal.Error.WriteLineAsync("There are no jobs.");
            return ExitCodes.Done;
        }

        Table(jobs.Batches).Write(session.Terminal);
        return ExitCodes.Done;
    }

    private async Task<int> Show(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (job, json) = await session.Coordinator.Get(
            $"batch?id={Escape(parsed.GetRequiredValue(_id))}", ProtocolJson.Default.BatchView, cancel);
        if (session.IsJson)
        {
            session.WriteJson(json);
            return ExitCodes.Done;
        }

        Table([job]).Write(session.Terminal);
        if (job.LastError is { } error)
        {
            await session.Terminal.Out.WriteLineAsync($"last error: {Words.Clean(error)}");
        }

        if (job.Sample.Count > 0)
        {
            await session.Terminal.Out.WriteLineAsync(
                $"first gids: {string.Join(' ', job.Sample.Select(static gid => Words.Clean(gid)))}");
        }

        return ExitCodes.Done;
    }

    private async Task<int> Stop(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var id = parsed.GetRequiredValue(_id);
        await session.Coordinator.Post("batchStop", new JsonObject { ["id"] = id }, cancel);
        session.Report($"Job {id} is stopped.", new JsonObject { ["id"] = id, ["action"] = "batch-stop" });
        return ExitCodes.Done;
    }

    private static Tables Table(IEnumerable<BatchView> jobs)
    {
        var table = new Tables(
            "ID", "OPERATION", "STATUS", "CREATED", "MATCHED", "CHANGED", "REJECTED", "FAILED", "BY", "FILTER");
        foreach (var job in jobs)
        {
            table.Add(
                Style.Plain(Words.Clean(job.Id)),
                Style.Plain(Words.Clean(job.Operation) + (job.DryRun ? " (dry run)" : "")),
                Style.Status(job.Status),
                Style.Plain(Words.Time(job.CreateTime)),
                Style.Plain(Number(job.Matched)),
                Style.Plain(Number(job.Succeeded)),
                Style.Plain(Number(job.Rejected)),
                Style.Plain(Number(job.Failed)),
                Style.Plain(Words.Clean(job.By)),
                Style.Plain(Words.Clean(string.Join(' ', job.Filter.Select(static f => $"{f.Key}={f.Value}")))));
        }

        return table;

        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
