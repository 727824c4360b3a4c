using System.CommandLine;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Api;
using OrleansDtm.Cli.Output;

namespace OrleansDtm.Cli.Commands;

/// <summary>Writes transactions as the coordinator's API shows them.</summary>
internal sealed class ExportCommand : OdtmCommand
{
    private readonly Argument<string[]> _gids = new("GID")
    {
        Description = "transactions; without them, those that the filters select",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Filters _filters = new();

    private readonly Option<int> _limit = Given.Limit("maximum number of transactions", int.MaxValue);

    private readonly Option<FileInfo?> _out = new("--out")
    {
        Description = "output file, readable by you only; default: standard output",
        HelpName = "FILE",
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "export",
            "Write transactions with branches, payloads and attempts: a JSON document a line, as query answers. "
            + "Payloads are not masked. OrleansDtm.Server export reads the store, and hides secrets in payloads.");
        command.Arguments.Add(_gids);
        command.Options.Add(_out);
        command.Options.Add(_limit);
        _filters.AddTo(command);
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var limit = parsed.GetValue(_limit);
        var gids = parsed.GetValue(_gids) ?? [];
        var queries = _filters.Queries(parsed, session.Now);
        var written = 0;

        // The first transaction is read before the file is created, so that a failure leaves an old file as it is.
        StreamWriter? file = null;
        try
        {
            await foreach (var document in Documents(session.Coordinator, gids, queries, limit, cancel))
            {
                file ??= parsed.GetValue(_out) is { } path ? Create(path) : null;
                await (file ?? session.Terminal.Out).WriteLineAsync(Session.Line(document));
                written++;
            }
        }
        finally
        {
            await (file?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await session.Terminal.Error.WriteLineAsync($"{Words.Count(written, "transaction")} of "
            + $"{session.Coordinator.Name}");
        return ExitCodes.Done;
    }

    private static async IAsyncEnumerable<JsonObject> Documents(
        Coordinator coordinator, string[] gids, IReadOnlyList<string> queries, int limit,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (var gid in gids)
        {
            yield return (await ShowCommand.Find(coordinator, gid, cancel)).Json;
        }

        foreach (var query in gids.Length > 0 ? [] : queries)
        {
            var position = "";
            do
            {
                var page = await Listing.Read(coordinator, query, position, Math.Min(limit, 100), null, cancel);
                foreach (var (row, _) in page.Rows)
                {
                    JsonObject document;
                    try
                    {
                        document = (await ShowCommand.Find(coordinator, row.Gid, cancel)).Json;
                    }
                    catch (OdtmException e) when (e.ExitCode == ExitCodes.NotFound)
                    {
                        continue; // Deleted by the retention in the meantime.
                    }

                    yield return document;
                    if (--limit == 0)
                    {
                        yield break;
                    }
                }

                position = page.Next;
            }
            while (position.Length > 0);
        }
    }

    /// <summary>Payloads may be confidential.</summary>
    private static StreamWriter Create(FileInfo path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path.FullName, options);
        if (!OperatingSystem.IsWindows())
        {
            // An existing file keeps its mode otherwise.
            File.SetUnixFileMode(file.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return new StreamWriter(file);
    }
}
