using System.Globalization;
using OrleansDtm.Cli.Api;
using OrleansDtm.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace OrleansDtm.Cli.Commands;

/// <summary>The unfinished transactions, without an end.</summary>
/// <param name="session">The session.</param>
/// <param name="queries">The listings at this moment: ages move with the time.</param>
/// <param name="limit">Maximum number of rows.</param>
internal sealed class WatchedList(Session session, Func<IReadOnlyList<string>> queries, int limit) : IWatched
{
    private string? _shown;

    public async Task<int?> Read(Action<IRenderable>? show, CancellationToken cancel)
    {
        var page = await Listing.Read(session.Coordinator, queries(), "", limit, null, cancel);
        var now = session.Now;
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"{Words.Time(now)}  {page.Rows.Count}{(page.Rows.Count == limit ? " or more" : "")} unfinished");
        var table = ListCommand.Table(page.Rows.Select(static row => row.View), now);
        if (show is not null)
        {
            show(new Rows(new Text(head), table.ForScreen()));
            return null;
        }

        // Ages change with each reading; rows and their progress do not.
        var json = ListCommand.Json(page);
        var text = json.ToJsonString();
        if (text == _shown)
        {
            return null;
        }

        _shown = text;
        if (session.IsJson)
        {
            session.WriteJson(json, onOneLine: true);
            return null;
        }

        await session.Terminal.Out.WriteLineAsync(head);
        if (page.Rows.Count > 0)
        {
            table.Write(session.Terminal);
        }

        await session.Terminal.Out.FlushAsync(cancel);
        return null;
    }
}
