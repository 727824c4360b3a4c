using System.Data.Common;
using System.Globalization;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Import;

/// <summary>What of a DTM database is still to be done.</summary>
/// <param name="Count">Unfinished transactions.</param>
/// <param name="FirstId">Their smallest id.</param>
/// <param name="LastId">Their largest id.</param>
/// <param name="Newest">When one of them was last changed, as it is read here; null = never.</param>
internal readonly record struct DtmExtent(long Count, long FirstId, long LastId, DateTimeOffset? Newest);

/// <summary>
/// Reads the database of a DTM over one connection, page by page, in the order of ids. Its session can only read, so that nothing
/// can be changed there.
/// </summary>
internal sealed class DtmSource : IAsyncDisposable
{
    private const string Unfinished = "status not in ('succeed', 'failed')";

    private readonly DbConnection _connection;
    private readonly TimeZoneInfo _zone;
    private readonly string _schema;
    private readonly string _byId;
    private readonly bool _hasTopics;

    private DtmSource(DbConnection connection, TimeZoneInfo zone, string schema, bool hasTopics)
    {
        _connection = connection;
        _zone = zone;
        _schema = schema;
        _hasTopics = hasTopics;

        // MySQL would rather sort all of a status for each page than walk along the ids.
        _byId = connection is MySqlConnection ? "force index (primary)" : "";
    }

    /// <exception cref="DbException">It cannot be reached.</exception>
    /// <exception cref="InvalidDataException">There are no tables of DTM in it.</exception>
    public static async Task<DtmSource> Open(SourceAddress address, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        DbConnection connection = address.Driver == "mysql"
            ? new MySqlConnection(address.ConnectionString)
            : new NpgsqlConnection(address.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using var session = Command(
                connection,
                address.Driver == "mysql"
                    ? "set session transaction read only; "
                        + "set session autocommit = 1, session sql_mode = '', session sql_select_limit = 18446744073709551615"
                    : "set session characteristics as transaction read only");
            await session.ExecuteNonQueryAsync(cancellationToken);
            var schema = await Schema(connection, cancellationToken)
                ?? throw new InvalidDataException($"there is no table trans_global in {address.Shown}; is this the database of a DTM? [ODTM3001]");
            await using var topics = Command(
                connection,
                "select count(*) from information_schema.tables where table_schema = @schema and table_name = 'kv'",
                ("@schema", schema));
            var hasTopics = Convert.ToInt64(await topics.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture) > 0; // DTM before 1.10 has none.
            return new DtmSource(connection, zone, Quoted(connection, schema) + ".", hasTopics);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (ConnectionStrings.IsRefusal(e))
            {
                throw new InvalidDataException($"{address.Shown} cannot be opened: {e.Message}", e);
            }

            throw;
        }
    }

    public async Task<DtmExtent> Extent(CancellationToken cancellationToken)
    {
        await using var command = Command(
            _connection,
            $"select count(*) as count, min(id) as first, max(id) as last, max(update_time) as newest from {_schema}trans_global where {Unfinished}");
        return (await Read(
            command,
            static row => new DtmExtent(row.Whole("count"), row.Whole("first"), row.Whole("last"), row.Moment("newest")),
            cancellationToken)).Single();
    }

    /// <summary>Unfinished transactions with their branches, by id.</summary>
    /// <param name="after">Behind this id.</param>
    /// <param name="last">Up to this id.</param>
    public async Task<IReadOnlyList<(DtmTransaction Row, IReadOnlyList<DtmBranch> Branches)>> Page(
        long after, long last, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(
            _connection,
            $"select * from {_schema}trans_global {_byId} where id > @after and id <= @last and {Unfinished} order by id limit {limit}",
            ("@after", after),
            ("@last", last));
        var rows = await Read(command, static row => row.Transaction(), cancellationToken);
        var branches = await Branches(rows, cancellationToken);
        return [.. rows.Select(row => (row, (IReadOnlyList<DtmBranch>)[.. branches[row.Gid]]))];
    }

    public async Task<IReadOnlyList<DtmTopic>> Topics(long after, int limit, CancellationToken cancellationToken)
    {
        if (!_hasTopics)
        {
            return [];
        }

        await using var command = Command(
            _connection,
            $"select * from {_schema}kv where cat = 'topics' and id > @after order by id limit {limit}",
            ("@after", after));
        return await Read(command, static row => row.Topic(), cancellationToken);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<ILookup<string, DtmBranch>> Branches(List<DtmTransaction> rows, CancellationToken cancellationToken)
    {
        // DTM's MySQL compares gids without case; PostgreSQL's gids differ by case, and then the lookup must, too.
        var comparer = _connection is MySqlConnection ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        if (rows.Count == 0)
        {
            return Enumerable.Empty<DtmBranch>().ToLookup(static b => b.Gid, comparer);
        }

        var names = string.Join(", ", Enumerable.Range(0, rows.Count).Select(static i => $"@g{i}"));
        await using var command = Command(
            _connection,
            $"select * from {_schema}trans_branch_op where gid in ({names}) order by id",
            [.. rows.Select(static (row, i) => ($"@g{i}", (object)row.Gid))]);
        return (await Read(command, static row => row.Branch(), cancellationToken)).ToLookup(static b => b.Gid, comparer);
    }

    private async Task<List<T>> Read<T>(DbCommand command, Func<DtmRowReader, T> read, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var row = new DtmRowReader(reader, _zone);
        var found = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(read(row));
        }

        return found;
    }

    /// <summary>Where DTM's tables are: in one of the connection's own schemas, else in dtm, public or whichever has them; null = nowhere.</summary>
    private static async Task<string?> Schema(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            connection is MySqlConnection
                ? "select table_schema from information_schema.tables where table_schema = database() and table_name = 'trans_global'"
                : """
                  select table_schema::text from information_schema.tables where table_name = 'trans_global'
                  order by coalesce(array_position(current_schemas(false), table_schema::name), 1000), table_schema <> 'dtm', table_schema <> 'public'
                  limit 1
                  """);
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    private static string Quoted(DbConnection connection, string name) => connection is MySqlConnection
        ? $"`{name.Replace("`", "``", StringComparison.Ordinal)}`"
        : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static DbCommand Command(DbConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0; // A walk along many finished ones may take long; it can be stopped.
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
