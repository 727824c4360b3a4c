using System.Globalization;
using System.Text.Json.Nodes;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Api;

/// <summary>Rows of a listing.</summary>
/// <param name="Rows">The newest first.</param>
/// <param name="Next">Position of the next row; empty = there is none, or it is not known.</param>
/// <param name="IsCut">More rows match, which only a higher limit shows.</param>
internal sealed record Page(
    IReadOnlyList<(TransactionView View, JsonNode Json)> Rows, string Next, bool IsCut = false);

/// <summary>Reads listings, over as many requests as needed: the coordinator limits the size of a page.</summary>
internal static class Listing
{
    private const int PageMax = 1000;

    /// <param name="coordinator">The coordinator.</param>
    /// <param name="query">The filter, without limit and position.</param>
    /// <param name="position">Where to start; empty = with the newest.</param>
    /// <param name="limit">Maximum number of rows.</param>
    /// <param name="matches">Rows that do not match are left out; null = all match.</param>
    public static async Task<Page> Read(
        Coordinator coordinator, string query, string position, int limit, Func<TransactionView, bool>? matches,
        CancellationToken cancel)
    {
        List<(TransactionView, JsonNode)> rows = [];
        do
        {
            // With a filter of our own, most rows may be left out, so a page is read whole.
            var size = matches is null ? Math.Min(PageMax, limit - rows.Count) : PageMax;
            var (view, json) = await coordinator.Get(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"all?{query}&limit={size}&position={Uri.EscapeDataString(position)}"),
                ProtocolJson.Default.ListView,
                cancel);
            var nodes = json["transactions"]?.AsArray() ?? [];
            rows.AddRange((view.Transactions ?? [])
                .Zip(nodes, static (row, node) => (row, node!))
                .Where(pair => matches?.Invoke(pair.row) ?? true));
            position = view.NextPosition;
        }
        while (rows.Count < limit && position.Length > 0);

        // The position is after the last page, so rows that were cut off it would be skipped.
        return rows.Count > limit ? new Page(rows[..limit], "", IsCut: true) : new Page(rows, position);
    }

    /// <summary>Reads several listings one after the other.</summary>
    public static async Task<Page> Read(
        Coordinator coordinator, IReadOnlyList<string> queries, string position, int limit,
        Func<TransactionView, bool>? matches, CancellationToken cancel)
    {
        if (queries.Count == 1)
        {
            return await Read(coordinator, queries[0], position, limit, matches, cancel);
        }

        List<(TransactionView View, JsonNode Json)> rows = [];
        var isCut = false;
        foreach (var query in queries)
        {
            var page = await Read(coordinator, query, "", limit, matches, cancel);
            rows.AddRange(page.Rows);
            isCut |= page.IsCut || page.Next.Length > 0;
        }

        return new Page(
            [.. rows.OrderByDescending(static row => row.View.CreateTime).Take(limit)],
            "",
            isCut || rows.Count > limit);
    }
}
