using System.Data.Common;

namespace OrleansDtm.Storage.Databases;

/// <summary>The rare writes: key-value items and retention.</summary>
public abstract partial class DatabaseTransactionStore
{
    /// <summary>
    /// Tags without their transaction that one slice deletes; more than a transaction can have, so that it goes on.
    /// </summary>
    private const int LostTagsMax = 1000;

    private const string ItemColumns = "id, cat, k, v, version, created, updated";

    /// <inheritdoc/>
    public async Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken)
    {
        var found = await ReadRows(
            $"select {ItemColumns} from dtm_kv where cat = @category and k = @key",
            [("@category", _sql.Key(category)), ("@key", _sql.Key(key))],
            ReadItem,
            false,
            cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? found[0] : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyValueItem>> Scan(
        string category, long beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await ReadRows(
            $"select {ItemColumns} from dtm_kv where cat = @category and id < @before order by id desc limit @limit",
            [
                ("@category", _sql.Key(category)),
                ("@before", beforeId > 0 ? beforeId : long.MaxValue),
                ("@limit", limit),
            ],
            ReadItem,
            false,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeItem(
            expectedVersion == 0
                ? _sql.InsertKeyValue
                : """
                  update dtm_kv set v = @value, version = version + 1, updated = @now
                  where cat = @category and k = @key and version = @expected
                  """,
            (category, key, expectedVersion),
            [("@value", _sql.Value(value)), ("@now", _clock.GetUtcNow().ToUnixTimeMilliseconds())],
            cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Delete(
        string category, string key, long expectedVersion, CancellationToken cancellationToken) =>
        ChangeItem(
            "delete from dtm_kv where cat = @category and k = @key and version = @expected",
            (category, key, expectedVersion),
            [],
            cancellationToken);

    /// <inheritdoc/>
    public async Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var before = finishedBefore.ToUnixTimeMilliseconds();
        var rows = await ReadRows(
            "select id, created, due, finished from dtm_transaction where id > @id order by id limit @limit",
            [("@id", afterId), ("@limit", limit)],
            reader => (
                Id: reader.GetInt64(0),
                IsYoung: reader.GetInt64(1) >= before,
                IsDone: reader.IsDBNull(2) && !reader.IsDBNull(3) && reader.GetInt64(3) < before),
            false,
            cancellationToken).ConfigureAwait(false);
        var ids = string.Join(',', rows.Where(static r => r.IsDone).Select(static r => r.Id));

        // A finished transaction never becomes unfinished, so no row can have changed since. Another process may have
        // deleted it.
        var deleted = ids.Length == 0
            ? 0
            : await Change(
                [
                    $"delete from dtm_transaction where id in ({ids})",
                    $"delete from dtm_body where transaction_id in ({ids})",
                    $"delete from dtm_tag where transaction_id in ({ids})",
                ],
                [],
                cancellationToken).ConfigureAwait(false);
        var end = rows.Count < limit ? long.MaxValue : rows[^1].Id;
        var resume = await DeleteLostTags(afterId, end, cancellationToken).ConfigureAwait(false);
        return new RetentionSlice(
            deleted, resume ?? (rows.Count < limit || rows.All(static r => r.IsYoung) ? 0 : rows[^1].Id));
    }

    /// <summary>Deletes tags that the retention of a version without tags left behind.</summary>
    /// <param name="afterId">Only of transactions behind this one.</param>
    /// <param name="end">The last transaction.</param>
    /// <returns>The id after which there may be more; null = there are none.</returns>
    private async Task<long?> DeleteLostTags(long afterId, long end, CancellationToken cancellationToken)
    {
        var lost = await ReadRows(
            """
            select transaction_id from dtm_tag
            where transaction_id > @id and transaction_id <= @end
            and not exists (select 1 from dtm_transaction t where t.id = dtm_tag.transaction_id)
            order by transaction_id limit @limit
            """,
            [("@id", afterId), ("@end", end), ("@limit", LostTagsMax)],
            static reader => reader.GetInt64(0),
            isSlow: true,
            cancellationToken).ConfigureAwait(false);
        if (lost.Count == 0)
        {
            return null;
        }

        // Tested again: SQLite gives the id of a deleted last row to the next one.
        await Change(
            [
                $"""
                delete from dtm_tag where transaction_id in ({string.Join(',', lost.Distinct())})
                and not exists (select 1 from dtm_transaction t where t.id = dtm_tag.transaction_id)
                """,
            ],
            [],
            cancellationToken).ConfigureAwait(false);
        return lost.Count < LostTagsMax ? null : lost[^1] - 1;
    }

    private async Task<WriteResult> ChangeItem(
        string sql,
        (string Category, string Key, long Version) expected,
        (string Name, object Value)[] parameters,
        CancellationToken cancellationToken)
    {
        KeyValueRules.Check(expected.Category, expected.Key, expected.Version);
        var changed = await Change(
            [sql],
            [
                ("@category", _sql.Key(expected.Category)),
                ("@key", _sql.Key(expected.Key)),
                ("@expected", expected.Version),
                .. parameters,
            ],
            cancellationToken).ConfigureAwait(false);
        return changed > 0 ? WriteResult.Written : WriteResult.Conflict;
    }

    private KeyValueItem ReadItem(DbDataReader reader) => new(
        reader.GetInt64(0),
        _sql.ReadKey(reader, 1),
        _sql.ReadKey(reader, 2),
        _sql.ReadValue(reader, 3),
        reader.GetInt64(4),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(6)));
}
