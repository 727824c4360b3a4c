using System.CommandLine;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Api;
using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Commands;

/// <summary>Lists transactions.</summary>
internal sealed class ListCommand : OdtmCommand
{
    private const string Csv = "csv";

    /// <summary>The rows of a request for lines.</summary>
    private const int LinesPage = 500;

    private readonly Filters _filters = new();

    private readonly Option<bool> _overdue = new("--overdue")
    {
        Description = "only transactions that should have been continued more than 10 s ago",
    };

    private readonly Option<int> _limit = Given.Limit("maximum number of transactions", 50);

    private readonly Option<string?> _lines = new("--lines")
    {
        Description = "a line for each transaction, for files and programs: csv or jsonl; without payloads",
    };

    private readonly Option<string?> _position = new("--position")
    {
        Description = "continue after the previous page: its next_position",
        HelpName = "P",
    };

    public ListCommand() => _lines.OneOf(Csv, "jsonl");

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command("list", "List transactions, newest first.");
        _filters.AddTo(command);
        foreach (var option in (Option[])[_overdue, _limit, _position, _lines])
        {
            command.Options.Add(option);
        }

        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var limit = parsed.GetValue(_limit);
        var isOverdue = parsed.GetValue(_overdue);
        var position = parsed.GetValue(_position) ?? "";
        var queries = _filters.Queries(parsed, session.Now, isOverdue);
        if (queries.Count > 1 && position.Length > 0)
        {
            throw OdtmException.Misuse("--position: cannot be combined with --unfinished or --overdue; add --status.");
        }

        var now = session.Now;
        Func<TransactionView, bool>? matches = isOverdue ? row => Words.IsOverdue(row, now) : null;
        if (parsed.GetValue(_lines) is { } format)
        {
            return await WriteLines(session, queries, position, limit, matches, format == Csv, cancel);
        }

        var page = await Listing.Read(
            session.Coordinator, queries, position, limit, matches, cancel);
        if (session.IsJson)
        {
            session.WriteJson(Json(page));
            return ExitCodes.Done;
        }

        if (page.Rows.Count == 0)
        {
            await session.Terminal.Error.WriteLineAsync("No transactions match.");
            return ExitCodes.Done;
        }

        Table(page.Rows.Select(static row => row.View), now).Write(session.Terminal);
        if (page.Next.Length > 0)
        {
            await session.Terminal.Error.WriteLineAsync(
                $"There are more: add --position {Words.Clean(page.Next)}, or raise --limit.");
        }
        else if (page.IsCut)
        {
            await session.Terminal.Error.WriteLineAsync("There are more: raise --limit.");
        }

        return ExitCodes.Done;
    }

    /// <summary>Page by page, so that a large output needs no memory.</summary>
    private static async Task<int> WriteLines(
        Session session,
        IReadOnlyList<string> queries,
        string position,
        int limit,
        Func<TransactionView, bool>? matches,
        bool isCsv,
        CancellationToken cancel)
    {
        var output = session.Terminal.Out;
        if (isCsv)
        {
            await output.WriteLineAsync(TransactionExport.CsvHeader);
        }

        var (left, isCut) = (limit, false);
        foreach (var query in queries)
        {
            var from = position;
            do
            {
                if (left == 0)
                {
                    isCut = true;
                    break;
                }

                var page = await Listing.Read(
                    session.Coordinator, query, from, Math.Min(left, LinesPage), matches, cancel);
                foreach (var (view, _) in page.Rows)
                {
                    var line = TransactionExport.Of(view);
                    await output.WriteLineAsync(isCsv ? line.ToCsv() : line.ToJson());
                }

                left -= page.Rows.Count;
                from = page.Next;
                isCut |= page.IsCut;
            }
            while (from.Length > 0);
        }

        if (isCut)
        {
            await session.Terminal.Error.WriteLineAsync("There are more: raise --limit.");
        }

        return ExitCodes.Done;
    }

    public static JsonObject Json(Page page) => new()
    {
        ["transactions"] = new JsonArray([.. page.Rows.Select(static row => row.Json.DeepClone())]),
        ["next_position"] = page.Next,
        ["truncated"] = page.IsCut || page.Next.Length > 0,
    };

    public static Tables Table(IEnumerable<TransactionView> rows, DateTime now)
    {
        var table = new Tables("GID", "TYPE", "STATUS", "CREATED", "AGE", "NEXT", "REASON");
        foreach (var row in rows)
        {
            var due = Words.IsFinal(row) ? "-" : Words.Due(row.NextCronTime, now);
            table.Add(
                Style.Plain(Words.Clean(row.Gid)),
                Style.Plain(row.TransType),
                Style.Status(row.Status),
                Style.Plain(Words.Time(row.CreateTime)),
                Style.Plain(Words.Age(row.CreateTime, now)),
                Words.IsOverdue(row, now) ? Style.Bad(due) : Style.Plain(due),
                Style.Plain(Words.Cut(Words.Clean(row.RollbackReason ?? ""), 80)));
        }

        return table;
    }
}
