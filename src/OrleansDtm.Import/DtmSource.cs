using System.Data.Common;
using System.Globalization;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Import;

/// <summary>The unfinished work in a DTM database.</summary>
/// <param name="Count">Unfinished transactions.</param>
/// <param name="FirstId">Their smallest id.</param>
/// <param name="LastId">Their largest id.</param>
/// <param name="Newest">The last change of one of them, in the time zone given; null = none.</param>
internal readonly record struct DtmExtent(long Count, long FirstId, long LastId, DateTimeOffset? Newest);

/// <summary>
/// Reads a DTM database over one connection, page by page, in the order of ids. The session is read-only, so it cannot
/// change anything there.
/// </summary>
internal sealed class DtmSource : IAsyncDisposable
{
    private const string Unfinished = "status not in ('succeed', 'failed')";

    private readonly DbConnection _connection;
    private readonly DtmDialect _dialect;
    private readonly TimeZoneInfo _zone;
    private readonly string _schema;
    private readonly bool _hasTopics;

    private DtmSource(DbConnection connection, DtmDialect dialect, TimeZoneInfo zone, string schema, bool hasTopics)
    {
        _connection = connection;
        _dialect = dialect;
        _zone = zone;
        _schema = dialect.Quote(schema) + ".";
        _hasTopics = hasTopics;
    }

    /// <exception cref="DbException">The database cannot be reached.</exception>
    /// <exception cref="InvalidDataException">It has no tables of DTM.</exception>
    public static async Task<DtmSource> Open(
        SourceAddress address, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        var dialect = address.Dialect;
        var connection = dialect.Connect(address.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using var session = Command(connection, dialect.BeginReading);
            await session.ExecuteNonQueryAsync(cancellationToken);
            await using var search = Command(connection, dialect.FindSchema);
            var schema = await search.ExecuteScalarAsync(cancellationToken) as string ?? throw new InvalidDataException(
                $"there is no table trans_global in {address.Shown}; is this the database of a DTM? [ODTM3001]");
            await using var topics = Command(
                connection,
                "select count(*) from information_schema.tables where table_schema = @schema and table_name = 'kv'",
                ("@schema", schema));
            var found = Convert.ToInt64(
                await topics.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
            return new DtmSource(connection, dialect, zone, schema, hasTopics: found > 0); // DTM before 1.10 has none.
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
            "select count(*) as count, min(id) as first, max(id) as last, max(update_time) as newest "
            + $"from {_schema}trans_global where {Unfinished}");
        return (await Read(
            command,
            static row =>
                new DtmExtent(row.Whole("count"), row.Whole("first"), row.Whole("last"), row.Moment("newest")),
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
            $"select * from {_schema}trans_global {_dialect.ById} where id > @after and id <= @last and {Unfinished} "
            + $"order by id limit {limit}",
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

    private async Task<ILookup<string, DtmBranch>> Branches(
        List<DtmTransaction> rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return Enumerable.Empty<DtmBranch>().ToLookup(static b => b.Gid, _dialect.Gids);
        }

        var names = string.Join(", ", Enumerable.Range(0, rows.Count).Select(static i => $"@g{i}"));
        await using var command = Command(
            _connection,
            $"select * from {_schema}trans_branch_op where gid in ({names}) order by id",
            [.. rows.Select(static (row, i) => ($"@g{i}", (object)row.Gid))]);
        var found = await Read(command, static row => row.Branch(), cancellationToken);
        return found.ToLookup(static b => b.Gid, _dialect.Gids);
    }

    private async Task<List<T>> Read<T>(
        DbCommand command, Func<DtmRowReader, T> read, CancellationToken cancellationToken)
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

    private static DbCommand Command(
        DbConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0; // Skipping many finished rows may take long; the caller can cancel.
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
