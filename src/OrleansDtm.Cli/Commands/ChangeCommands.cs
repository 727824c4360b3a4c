using System.CommandLine;
using System.Text.Json.Nodes;

namespace OrleansDtm.Cli.Commands;

/// <summary>Makes pending calls now.</summary>
internal sealed class RetryCommand : OdtmCommand
{
    private readonly Argument<string?> _gid = new("GID")
    {
        Description = "the transaction",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _filter = new("--filter")
    {
        Description = "instead of a gid: all unfinished transactions of a filter, such as 'host=bank&status=aborting', "
            + "by a job; see odtm batch",
        HelpName = "QUERY",
    };

    private readonly Option<string?> _branch = new("--branch")
    {
        Description = "only the call of this branch, such as 01; with --op",
        HelpName = "ID",
    };

    private readonly Option<string?> _op = new("--op")
    {
        Description = "its operation: action, compensate, confirm, cancel, commit or rollback",
        HelpName = "OP",
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "retry", "Make the calls that wait for a retry now, or one of them. The order of calls is kept.");
        command.Arguments.Add(_gid);
        command.Options.Add(_filter);
        command.Options.Add(_branch);
        command.Options.Add(_op);
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (gid, filter) = (parsed.GetValue(_gid), parsed.GetValue(_filter));
        var (branch, op) = (parsed.GetValue(_branch), parsed.GetValue(_op));
        if (gid is null == filter is null || (filter is not null && (branch ?? op) is not null))
        {
            throw OdtmException.Misuse("GID and --filter: give one of them; --branch and --op need a GID.");
        }

        if (filter is not null)
        {
            return await RetryAll(session, filter, cancel);
        }

        if (branch is null != op is null)
        {
            throw OdtmException.Misuse("--branch and --op: give both, or neither to retry all pending calls.");
        }

        var body = new JsonObject { ["gid"] = gid };
        if (branch is null)
        {
            await session.Coordinator.Post("resetNextCronTime", body, cancel);
            session.Report(
                $"The pending calls of {gid} are made now.", new JsonObject { ["gid"] = gid, ["action"] = "retry" });
            return ExitCodes.Done;
        }

        (body["branch_id"], body["op"]) = (branch, op);
        await session.Coordinator.Post("retryBranch", body, cancel);
        session.Report(
            $"{branch} {op} of {gid} is called now.",
            new JsonObject { ["gid"] = gid, ["action"] = "retry", ["branch_id"] = branch, ["op"] = op });
        return ExitCodes.Done;
    }

    private static Task<int> RetryAll(Session session, string filter, CancellationToken cancel)
    {
        var conditions = new JsonObject();
        foreach (var part in filter.Split('&'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            conditions[equals < 0 ? part : part[..equals]] =
                equals < 0 ? "" : Uri.UnescapeDataString(part[(equals + 1)..]);
        }

        return BatchCommand.Start(
            session, new JsonObject { ["operation"] = "retry", ["filter"] = conditions }, cancel);
    }
}

/// <summary>Ends a transaction as failed.</summary>
internal sealed class ForceStopCommand : OdtmCommand
{
    private readonly Argument<string> _gid = Gid();

    private readonly Option<string> _reason = new("--reason")
    {
        Description = "why; query, the page and the audit log show it",
        HelpName = "TEXT",
        Required = true,
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "force-stop", "End a transaction as failed, without compensation. What its steps have done stays.");
        command.Arguments.Add(_gid);
        command.Options.Add(_reason);
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var gid = parsed.GetRequiredValue(_gid);
        var reason = parsed.GetRequiredValue(_reason);
        session.Confirm($"{gid} will end as failed, without compensation: what its steps have done stays.");
        await session.Coordinator.Post(
            "forceStop", new JsonObject { ["gid"] = gid, ["reason"] = reason }, cancel);
        session.Report(
            $"{gid} has ended as failed, without compensation.",
            new JsonObject { ["gid"] = gid, ["action"] = "force-stop", ["reason"] = reason });
        return ExitCodes.Done;
    }
}

/// <summary>Marks a call as done by hand.</summary>
internal sealed class ResolveCommand : OdtmCommand
{
    private readonly Argument<string> _gid = Gid();

    private readonly Argument<string> _branch = new("BRANCH") { Description = "its branch, such as 01" };

    private readonly Argument<string> _op = new("OP")
    {
        Description = "its operation: action, compensate, confirm, cancel, commit or rollback",
    };

    private readonly Option<string> _reason = new("--reason")
    {
        Description = "what was done by hand; the call's history keeps it",
        HelpName = "TEXT",
        Required = true,
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "resolve", "Mark a call that waits for a retry as succeeded: its effect was applied by hand.");
        command.Arguments.Add(_gid);
        command.Arguments.Add(_branch);
        command.Arguments.Add(_op);
        command.Options.Add(_reason);
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (gid, branch, op) = (
            parsed.GetRequiredValue(_gid), parsed.GetRequiredValue(_branch), parsed.GetRequiredValue(_op));
        var reason = parsed.GetRequiredValue(_reason);
        session.Confirm($"{branch} {op} of {gid} will count as succeeded and is not called again.");
        await session.Coordinator.Post(
            "resolveBranch",
            new JsonObject { ["gid"] = gid, ["branch_id"] = branch, ["op"] = op, ["reason"] = reason },
            cancel);
        session.Report($"{branch} {op} of {gid} counts as succeeded.", new JsonObject
        {
            ["gid"] = gid,
            ["action"] = "resolve",
            ["branch_id"] = branch,
            ["op"] = op,
            ["reason"] = reason,
        });
        return ExitCodes.Done;
    }
}
