using System.CommandLine;
using System.Globalization;
using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Commands;

/// <summary>Shows the audit log.</summary>
internal sealed class AuditCommand : OdtmCommand
{
    private readonly Option<string?> _gid = new("--gid") { Description = "only of this transaction" };

    private readonly Option<string?> _caller = new("--caller") { Description = "only of this caller" };

    private readonly Option<string?> _action = new("--action")
    {
        Description = "only this action, such as forceStop or resolveBranch",
    };

    private readonly Option<string?> _outcome = new("--outcome") { Description = "only with this outcome" };

    private readonly Option<string?> _since = new("--since")
    {
        Description = "at or after: 2026-11-22T08:00:00Z, or an age such as 30m, 12h, 7d",
        HelpName = "WHEN",
    };

    private readonly Option<string?> _until = new("--until") { Description = "at or before", HelpName = "WHEN" };

    private readonly Option<int> _limit = Given.Limit("maximum number of records", 50, 1000);

    private readonly Option<string?> _position = new("--position")
    {
        Description = "continue after the previous page: its next_position",
        HelpName = "P",
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        _outcome.OneOf("done", "rejected", "failed", "refused");
        var command = new Command(
            "audit", "Show who changed what, and who was refused, newest first. Needs the role admin.")
        {
            _gid, _caller, _action, _outcome, _since, _until, _limit, _position,
        };
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var query = string.Create(
            CultureInfo.InvariantCulture,
            $"audit?gid={Given(_gid)}&caller={Given(_caller)}&action={Given(_action)}&outcome={Given(_outcome)}"
            + $"&from={Filters.Moment(parsed, _since, session.Now)}&to={Filters.Moment(parsed, _until, session.Now)}"
            + $"&limit={parsed.GetValue(_limit)}&position={Given(_position)}");
        var (page, json) = await session.Coordinator.Get(query, AuditViewJson.Readable.AuditView, cancel);
        if (session.IsJson)
        {
            session.WriteJson(json);
            return ExitCodes.Done;
        }

        if (page.Records.Count == 0)
        {
            await session.Terminal.Error.WriteLineAsync("No records match.");
            return ExitCodes.Done;
        }

        var table = new Tables("TIME", "ACTION", "OUTCOME", "CALLER", "FROM", "GID", "STATUS", "DETAIL");
        foreach (var record in page.Records)
        {
            table.Add(
                Style.Plain(Words.Time(record.Time)),
                Style.Plain(Words.Clean(record.Action)),
                Style.Status(record.Outcome),
                Style.Plain(Words.Clean(record.Caller.Length == 0 ? record.Kind : record.Caller)),
                Style.Plain(Words.Clean(record.Address)),
                Style.Plain(Words.Clean(record.Gid)),
                Style.Plain(
                    record.Before == record.After ? record.Before : $"{record.Before}>{record.After}"),
                Style.Plain(Words.Cut(Words.Clean(record.Detail), 120)));
        }

        table.Write(session.Terminal);
        if (page.NextPosition.Length > 0)
        {
            await session.Terminal.Error.WriteLineAsync($"There are more: add --position {page.NextPosition}.");
        }

        return ExitCodes.Done;

        string Given(Option<string?> option) => Escape(parsed.GetValue(option) ?? "");
    }
}
