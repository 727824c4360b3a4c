using OrleansDtm.Core;

namespace OrleansDtm.Storage.Databases;

/// <content>What a list shows beside its pages: counts, and the order of unfinished transactions.</content>
public abstract partial class DatabaseTransactionStore
{
    /// <summary>The rows that one query of <see cref="LoadListed(IReadOnlyList{RankedRow}, CancellationToken)"/>
    /// reads.</summary>
    private const int LoadedMax = 50;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StatusCount>> Count(
        TransactionFilter filter, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        filter = filter with { BeforeId = 0, Limit = most + 1 };
        var isWhole = filter is { Status: TransactionStatus.None, IsUnfinished: false, Parked: false }
            && !new PageQuery(_sql, filter).HasKey;
        if (!isWhole)
        {
            return await CountPass(filter, most, cancellationToken).ConfigureAwait(false);
        }

        // Unfinished and failed ones have indexes; only those that succeeded are found among all.
        var unfinished = await CountPass(filter with { IsUnfinished = true }, most, cancellationToken)
            .ConfigureAwait(false);
        var failed = await CountPass(filter with { Status = TransactionStatus.Failed }, most, cancellationToken)
            .ConfigureAwait(false);
        var succeeded = await CountPass(filter with { Status = TransactionStatus.Succeed }, most, cancellationToken)
            .ConfigureAwait(false);
        return [.. unfinished, .. failed, .. succeeded];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RankedRow>> FindOldest(
        TransactionFilter filter, bool attempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        filter = filter with { BeforeId = 0, IsUnfinished = true };
        var (query, floor) = await Prepare(filter, oldestFirst: true, cancellationToken).ConfigureAwait(false);
        var (ids, parameters) = query.Ids(floor);
        var (visible, others) = await Visible(filter, cancellationToken).ConfigureAwait(false);
        return await ReadRows(
            $"select t.id, t.gid, t.created{(attempts ? ", t.progress" : "")} from ({ids}) w "
            + $"{_sql.JoinTransactions("w.id", "t")} {visible} order by t.id",
            [.. parameters, .. others],
            reader => new RankedRow(
                reader.GetInt64(0),
                _sql.ReadKey(reader, 1),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)),
                attempts ? StoredRows.AttemptsOf(reader.GetFieldValue<byte[]>(3)) : 0),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredTransaction>> LoadListed(
        IReadOnlyList<RankedRow> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var loaded = new List<StoredTransaction>();
        foreach (var chunk in rows.Chunk(LoadedMax))
        {
            // Always the same text, so that it is prepared once; no row has the id 0.
            var names = Enumerable.Range(0, LoadedMax).Select(static i => $"@i{i}");
            var found = await Read(
                RowsSql($"select id from dtm_transaction where id in ({string.Join(", ", names)}) limit @limit", ""),
                [
                    ("@limit", LoadedMax),
                    .. Enumerable.Range(0, LoadedMax).Select(
                        i => ($"@i{i}", (object)(i < chunk.Length ? chunk[i].Id : 0L))),
                ],
                ReadTransactions,
                isSlow: true,
                cancellationToken).ConfigureAwait(false);
            await foreach (var row in Complete(found, cancellationToken).ConfigureAwait(false))
            {
                loaded.Add(row);
            }
        }

        return loaded;
    }

    /// <summary>Counts up to one more than the bound, the newest first.</summary>
    private async Task<IReadOnlyList<StatusCount>> CountPass(
        TransactionFilter filter, int most, CancellationToken cancellationToken)
    {
        var (query, floor) = await Prepare(filter, oldestFirst: false, cancellationToken).ConfigureAwait(false);
        if (floor == 0 && filter.Status == TransactionStatus.Succeed && !query.HasKey)
        {
            var last = await ReadRows(
                query.TableFloor(), [], static reader => reader.GetInt64(0), isSlow: true, cancellationToken)
                .ConfigureAwait(false);
            floor = last.FirstOrDefault();
        }

        var (visible, others) = await Visible(filter, cancellationToken).ConfigureAwait(false);
        var (sql, parameters) = query.Count(floor, visible);
        var rows = await ReadRows(
            sql,
            [.. parameters, .. others],
            static reader => (Status: Names.Status(reader.GetString(0)), Count: reader.GetInt64(1)),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        var isMinimum = floor > 0 || rows.Sum(static r => r.Count) > most;
        return [.. rows.Select(r => new StatusCount(r.Status, r.Count, isMinimum))];
    }

    /// <summary>The condition of the default namespace, if there are others.</summary>
    private async Task<(string Visible, (string Name, object Value)[] Parameters)> Visible(
        TransactionFilter filter, CancellationToken cancellationToken) =>
        filter.PassesOthers && !await HasNoOthers(cancellationToken).ConfigureAwait(false)
            ? ($"where {PageQuery.IsDefault("t.gid")}", OtherRange())
            : ("", []);
}
