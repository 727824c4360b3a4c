using Microsoft.Data.Sqlite;

namespace OrleansDtm.Storage;

public sealed partial class SqliteTransactionStore : IKeyValueStore
{
    /// <inheritdoc/>
    public Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken) =>
        Read((category, key), static (reader, a) => reader.Get(a.category, a.key), cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken)
    {
        KeyValueRules.Check(category, key, expectedVersion);
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        return RunBetweenBatches(
            expectedVersion == 0
                ? """
                  insert into dtm_kv (cat, k, v, version, created, updated) values (@category, @key, @value, 1, @now, @now)
                  on conflict (cat, k) do nothing;
                  """
                : """
                  update dtm_kv set v = @value, version = version + 1, updated = @now
                  where cat = @category and k = @key and version = @expected;
                  """,
            [new("@category", category), new("@key", key), new("@value", value), new("@expected", expectedVersion), new("@now", now)],
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<WriteResult> Delete(string category, string key, long expectedVersion, CancellationToken cancellationToken)
    {
        KeyValueRules.Check(category, key, expectedVersion);
        return RunBetweenBatches(
            "delete from dtm_kv where cat = @category and k = @key and version = @expected;",
            [new("@category", category), new("@key", key), new("@expected", expectedVersion)],
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyValueItem>> Scan(string category, long beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await Read(
            (category, beforeId, limit),
            static (reader, a) => reader.Scan(a.category, a.beforeId, a.limit),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for a batch under way and for the disk: not on a thread of the caller's.</summary>
    private Task<WriteResult> RunBetweenBatches(string sql, SqliteParameter[] parameters, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var committer = _committer ?? throw NotStarted();
        return Task.Run(() => committer.Run(Execute) > 0 ? WriteResult.Written : WriteResult.Conflict, cancellationToken);

        int Execute(SqliteConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.Parameters.AddRange(parameters);
            return command.ExecuteNonQuery();
        }
    }
}
