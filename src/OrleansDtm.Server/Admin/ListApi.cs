using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Admin;

/// <summary>The data of the page's list of transactions: pages, in any order, and the numbers of a filter.</summary>
internal sealed class ListApi(
    TransactionService transactions, SortedLists sorted, ListingGate listings, TimeProvider clock)
{
    /// <summary>The parameters as those of <c>GET /api/dtmsvr/all</c>, and <c>sort</c>: age or attempts.</summary>
    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public Task Read(HttpContext context)
    {
        var order = SortedLists.Order(context.Request.Query["sort"]);
        var request = Parse(context);
        return listings.Run(context, async () =>
        {
            if (order == ListingOrder.None)
            {
                await HttpAnswers.Show(
                    context,
                    await transactions.List(
                        request, context.RequestAborted, scannedMax: SortedLists.ScannedMax),
                    ProtocolJson.Readable.ListView,
                    secrets: false);
                return;
            }

            var page = await sorted.Read(request, order, context.RequestAborted);
            await HttpAnswers.Show(
                context,
                new SortedView
                {
                    Transactions = page.Rows,
                    NextPosition = page.Next,
                    Compared = page.Compared,
                    IsCut = page.IsCut,
                },
                AdminJson.Readable.SortedView,
                secrets: false);
        });
    }

    /// <summary>The number of transactions of the same filter, without its page.</summary>
    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public Task Count(HttpContext context)
    {
        var request = Parse(context);
        return listings.Run(context, async () =>
        {
            var counts = await sorted.Count(request, context.RequestAborted);
            await HttpAnswers.Write(
                context,
                StatusCodes.Status200OK,
                new CountsView
                {
                    Count = counts.Sum(static c => c.Count),
                    IsMinimum = counts.Any(static c => c.IsMinimum),
                    Statuses =
                    [
                        .. counts.Where(static c => c.Status != TransactionStatus.None)
                            .OrderBy(static c => c.Status)
                            .Select(static c => new StatusCountView
                            {
                                Status = Names.Of(c.Status),
                                Count = c.Count,
                                IsMinimum = c.IsMinimum,
                            }),
                    ],
                },
                AdminJson.Readable.CountsView);
        });
    }

    private ListRequest Parse(HttpContext context) => ListQuery.Parse(
        name => context.Request.Query[name], RequestNamespace.Of(context), clock.GetUtcNow(), SecretNames.MaskQuery);
}

/// <summary>A page of the list in another order.</summary>
internal sealed class SortedView
{
    public required IReadOnlyList<TransactionView> Transactions { get; init; }

    /// <summary>The position of the next page; empty = this was the last one.</summary>
    public required string NextPosition { get; init; }

    /// <summary>The number of unfinished transactions that were compared.</summary>
    public required int Compared { get; init; }

    /// <summary>True = there may be more; the oldest ones were compared.</summary>
    public required bool IsCut { get; init; }
}

/// <summary>How many transactions match a filter.</summary>
internal sealed class CountsView
{
    public required long Count { get; init; }

    /// <summary>True = at least so many; not all were counted.</summary>
    public required bool IsMinimum { get; init; }

    /// <summary>Those with at least one transaction.</summary>
    public required IReadOnlyList<StatusCountView> Statuses { get; init; }
}

/// <summary>How many of them have a status.</summary>
internal sealed class StatusCountView
{
    public required string Status { get; init; }

    public required long Count { get; init; }

    /// <summary>True = at least so many.</summary>
    public required bool IsMinimum { get; init; }
}
