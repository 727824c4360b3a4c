using System.Globalization;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>Unfinished transactions by age or attempts, and how many transactions match a filter.</summary>
public sealed class SortedLists(ITransactionStore store, TimeProvider clock)
{
    /// <summary>Counts above this number are minimums.</summary>
    public const int CountedMax = 10_000;

    /// <summary>
    /// With conditions that no index answers, a count ends after so many transactions were read: it must not keep the
    /// page waiting.
    /// </summary>
    public const int ScannedMax = 2000;

    private const char Separator = '_';

    /// <summary>Parses the order; None = not set.</summary>
    /// <exception cref="RequestException">It is unknown.</exception>
    public static ListingOrder Order(string? text) => text switch
    {
        null or "" => ListingOrder.None,
        "age" => ListingOrder.Age,
        "attempts" => ListingOrder.Attempts,
        _ => throw new RequestException(
            "sort", $"'{RequestValidator.Printable(text)}' is unknown; one of age, attempts"),
    };

    /// <param name="request">Its position is that of the previous page of the same order.</param>
    /// <param name="order">The order.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="RequestException">The position is invalid, or the filter selects what has ended.</exception>
    public async Task<SortedRows> Read(
        ListRequest request, ListingOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Filter.Status is TransactionStatus.Succeed or TransactionStatus.Failed)
        {
            throw new RequestException("sort", "orders unfinished transactions only; leave out status");
        }

        var page = await SortedListing.Read(
            store.Shards,
            request.Filter with { IsUnfinished = true },
            order,
            Position(request.Position, store.Shards.Count),
            row => request.Scan?.Matches(row.Transaction) != false,
            cancellationToken);
        var now = clock.GetUtcNow();
        return new SortedRows(
            [.. page.Rows.Select(row => TransactionService.Listed(row, secrets: false, now))],
            page.Next is { } next
                ? string.Create(
                    CultureInfo.InvariantCulture, $"{next.Key}{Separator}{next.Shard}{Separator}{next.Id}")
                : "",
            page.Compared,
            page.IsCut);
    }

    /// <summary>
    /// The number of transactions that match, by status. Bounded: above <see cref="CountedMax"/>, and with conditions
    /// that no index answers, counts may be minimums.
    /// </summary>
    public async Task<IReadOnlyList<StatusCount>> Count(ListRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Scan is not { } scan)
        {
            return await TransactionListing.Count(store.Shards, request.Filter, CountedMax, cancellationToken);
        }

        var page = await TransactionListing.Scan(
            store.Shards,
            request.Filter with { Limit = ScannedMax },
            new long[store.Shards.Count],
            row => scan.Matches(row.Transaction),
            cancellationToken,
            ScannedMax);
        return
        [
            .. page.Rows.GroupBy(static row => row.Transaction.Status)
                .Select(g => new StatusCount(g.Key, g.LongCount(), page.Next is not null)),
            .. page is { Rows.Count: 0, Next: not null }
                ? (StatusCount[])[new StatusCount(TransactionStatus.None, 0, IsMinimum: true)]
                : [],
        ];
    }

    private static SortedPosition? Position(string text, int shards)
    {
        if (text.Length == 0)
        {
            return null;
        }

        var parts = text.Split(Separator, 4);
        return parts is [var key, var shard, var id]
            && long.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var sorted)
            && int.TryParse(shard, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < shards
            && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                ? new SortedPosition(sorted, number, last)
                : throw new RequestException(
                    "position", $"'{RequestValidator.Printable(text)}' is not a next_position of this sort");
    }
}

/// <summary>A page of a sorted list.</summary>
/// <param name="Rows">In the order asked for.</param>
/// <param name="Next">The position of the next page; empty = this was the last one.</param>
/// <param name="Compared">The number of unfinished transactions that were compared, the oldest ones.</param>
/// <param name="IsCut">True = there may be more, younger ones.</param>
public sealed record SortedRows(IReadOnlyList<TransactionView> Rows, string Next, int Compared, bool IsCut);
