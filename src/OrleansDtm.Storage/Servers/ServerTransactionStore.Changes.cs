using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;

namespace OrleansDtm.Storage.Servers;

/// <summary>The rare writes, which go through the pool: key-value items and retention.</summary>
public sealed partial class ServerTransactionStore : IKeyValueStore
{
    private const string ItemColumns = "id, cat, k, v, version, created, updated";

    /// <inheritdoc/>
    public async Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken)
    {
        var found = await Read(
            $"select {ItemColumns} from dtm_kv where cat = @category and k = @key",
            [("@category", _dialect.Key(category)), ("@key", _dialect.Key(key))],
            ReadItem,
            cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? found[0] : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyValueItem>> Scan(string category, long beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await Read(
            $"select {ItemColumns} from dtm_kv where cat = @category and id < @before order by id desc limit @limit",
            [("@category", _dialect.Key(category)), ("@before", beforeId > 0 ? beforeId : long.MaxValue), ("@limit", limit)],
            ReadItem,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken)
    {
        KeyValueRules.Check(category, key, expectedVersion);
        return await Change(
            expectedVersion == 0
                ? _dialect.InsertKeyValue
                : """
                  update dtm_kv set v = @value, version = version + 1, updated = @now
                  where cat = @category and k = @key and version = @expected
                  """,
            [
                ("@category", _dialect.Key(category)),
                ("@key", _dialect.Key(key)),
                ("@value", Encoding.UTF8.GetBytes(value)),
                ("@expected", expectedVersion),
                ("@now", _clock.GetUtcNow().ToUnixTimeMilliseconds()),
            ],
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<WriteResult> Delete(string category, string key, long expectedVersion, CancellationToken cancellationToken)
    {
        KeyValueRules.Check(category, key, expectedVersion);
        return await Change(
            "delete from dtm_kv where cat = @category and k = @key and version = @expected",
            [("@category", _dialect.Key(category)), ("@key", _dialect.Key(key)), ("@expected", expectedVersion)],
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var before = finishedBefore.ToUnixTimeMilliseconds();
        var rows = await Read(
            "select id, created, due, finished from dtm_transaction where id > @id order by id limit @limit",
            [("@id", afterId), ("@limit", limit)],
            (reader, _) => (
                Id: reader.GetInt64(0),
                IsYoung: reader.GetInt64(1) >= before,
                IsDone: reader.IsDBNull(2) && !reader.IsDBNull(3) && reader.GetInt64(3) < before),
            cancellationToken).ConfigureAwait(false);
        var ids = rows.Where(static r => r.IsDone).Select(static r => r.Id).ToList();

        // What has finished never becomes unfinished, so nothing can have changed between the two; another process may have deleted it.
        var deleted = ids.Count == 0
            ? 0
            : await Use(connection => Delete(connection, ids, cancellationToken), isRead: false, cancellationToken).ConfigureAwait(false);
        return new RetentionSlice(deleted, rows.Count < limit || rows.All(static r => r.IsYoung) ? 0 : rows[^1].Id);
    }

    private async Task<int> Delete(DbConnection connection, List<long> ids, CancellationToken cancellationToken)
    {
        var list = string.Join(',', ids.Select(static id => id.ToString(CultureInfo.InvariantCulture)));
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            var deleted = await Execute($"delete from dtm_transaction where id in ({list})").ConfigureAwait(false);
            await Execute($"delete from dtm_body where transaction_id in ({list})").ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return deleted;
        }

        async Task<int> Execute(string sql)
        {
            var command = Command(connection, sql, []);
            await using (command.ConfigureAwait(false))
            {
                command.Transaction = transaction;
                return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>One statement, which commits itself where that is all it takes.</summary>
    private Task<WriteResult> Change(string sql, (string, object)[] parameters, CancellationToken cancellationToken) => Use(
        async connection =>
        {
            if (_dialect.DurableSettings is not { } settings)
            {
                return await Change(connection, null, sql, parameters, cancellationToken).ConfigureAwait(false);
            }

            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                var durable = Command(connection, settings, []);
                await using (durable.ConfigureAwait(false))
                {
                    durable.Transaction = transaction;
                    await durable.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }

                var result = await Change(connection, transaction, sql, parameters, cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return result;
            }
        },
        isRead: false,
        cancellationToken);

    private async Task<WriteResult> Change(
        DbConnection connection, DbTransaction? transaction, string sql, (string, object)[] parameters, CancellationToken cancellationToken)
    {
        var command = Command(connection, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            command.Transaction = transaction;
            try
            {
                return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) > 0
                    ? WriteResult.Written
                    : WriteResult.Conflict;
            }
            catch (DbException e) when (_dialect.IsDuplicate(e))
            {
                return WriteResult.Conflict;
            }
        }
    }

    private static KeyValueItem ReadItem(DbDataReader reader, ServerDialect dialect) => new(
        reader.GetInt64(0),
        dialect.ReadKey(reader, 1),
        dialect.ReadKey(reader, 2),
        Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(3)),
        reader.GetInt64(4),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(6)));
}
