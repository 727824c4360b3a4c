using System.Globalization;
using System.Text;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// The transactions of a filter as a file: CSV or JSON lines, the newest first, without payloads. It is sent while it
/// is read, so its size needs no memory.
/// </summary>
internal sealed class ListExport(TransactionService transactions, ListingGate listings, TimeProvider clock)
{
    /// <summary>The maximum number of transactions of a file.</summary>
    public const int RowsMax = 100_000;

    private const int PageRows = 500;

    /// <summary>Spreadsheets take a CSV file without it for their local encoding.</summary>
    private const char ByteOrderMark = '\ufeff';

    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public async Task Send(HttpContext context)
    {
        var query = context.Request.Query;
        var isCsv = (string?)query["format"] switch
        {
            "csv" => true,
            "jsonl" => false,
            var other => throw new RequestException(
                "format", $"'{RequestValidator.Printable(other ?? "")}' is unknown; one of csv, jsonl"),
        };
        var limit = (int)ListQuery.Whole("limit", query["limit"], RowsMax, 1, RowsMax);
        var space = RequestNamespace.Of(context);
        var request = ListQuery.Parse(
            name => name is "limit" or "position" ? null : (string?)query[name],
            space,
            clock.GetUtcNow(),
            SecretNames.MaskQuery);

        // Until the first page is read, an error has a status; later it breaks the connection off.
        var page = await Page(request, limit, space, context.RequestAborted);
        Start(context, isCsv);
        try
        {
            await Send(context, request, page, limit, isCsv);
        }
        catch (Exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // Or the file would look complete.
            throw;
        }
    }

    private async Task Send(HttpContext context, ListRequest request, ListView page, int limit, bool isCsv)
    {
        var space = RequestNamespace.Of(context);
        var text = new StringBuilder();
        if (isCsv)
        {
            text.Append(ByteOrderMark).Append(TransactionExport.CsvHeader).Append("\r\n");
        }

        for (var left = limit; ;)
        {
            foreach (var row in page.Transactions ?? [])
            {
                var line = TransactionExport.Of(row);
                text.Append(isCsv ? line.ToCsv() : line.ToJson()).Append(isCsv ? "\r\n" : "\n");
            }

            left -= page.Transactions?.Count ?? 0;
            var isLast = page.NextPosition.Length == 0;
            if (!isLast && left == 0)
            {
                text.Append(isCsv ? TransactionExport.CsvCut(limit) : TransactionExport.JsonCut(limit))
                    .Append(isCsv ? "\r\n" : "\n");
            }

            await context.Response.WriteAsync(SecretNames.MaskQuery(text.ToString()), context.RequestAborted);
            if (isLast || left == 0)
            {
                return;
            }

            text.Clear();
            page = await Page(
                request with { Position = page.NextPosition }, left, space, context.RequestAborted);
        }
    }

    /// <summary>Only the read takes a place of the listings: a slow reader must not delay others.</summary>
    private Task<ListView> Page(ListRequest request, int left, string space, CancellationToken cancellationToken) =>
        listings.Run(
            space,
            () => transactions.List(
                request with { Filter = request.Filter with { Limit = Math.Min(PageRows, left) } }, cancellationToken),
            cancellationToken);

    private void Start(HttpContext context, bool isCsv)
    {
        var name = clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        context.Response.ContentType = isCsv ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8";
        context.Response.Headers.ContentDisposition =
            $"attachment; filename=\"transactions-{name}.{(isCsv ? "csv" : "jsonl")}\"";
        context.Response.Headers.XContentTypeOptions = "nosniff";
    }
}
