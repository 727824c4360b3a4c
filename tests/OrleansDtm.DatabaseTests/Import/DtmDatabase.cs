using System.Data.Common;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Import;
using Xunit;

namespace OrleansDtm.DatabaseTests.Import;

/// <summary>A database with DTM's tables, filled row by row as DTM does.</summary>
internal sealed class DtmDatabase : IAsyncDisposable
{
    /// <summary>The time zone of the DTM. DTM stores local times on MySQL.</summary>
    public const string TimeZone = "+08:00";

    private const string MySqlTables = """
        create table trans_global (
          id bigint(22) not null auto_increment primary key, gid varchar(128) not null unique, trans_type varchar(45) not null,
          status varchar(12) not null, query_prepared varchar(1024) not null, protocol varchar(45) not null,
          create_time datetime, update_time datetime, finish_time datetime, rollback_time datetime,
          options varchar(1024) default '', custom_data varchar(1024) default '', next_cron_interval int(11), next_cron_time datetime,
          owner varchar(128) not null default '', ext_data text, result varchar(1024) default '', rollback_reason varchar(1024) default '',
          key owner (owner), key status_next_cron_time (status, next_cron_time)) engine = InnoDB default charset = utf8mb4;
        create table trans_branch_op (
          id bigint(22) not null auto_increment primary key, gid varchar(128) not null, url varchar(1024) not null, data text, bin_data blob,
          branch_id varchar(128) not null, op varchar(45) not null, status varchar(45) not null,
          finish_time datetime, rollback_time datetime, create_time datetime, update_time datetime,
          unique key gid_uniq (gid, branch_id, op)) engine = InnoDB default charset = utf8mb4;
        create table kv (
          id bigint(22) not null auto_increment primary key, cat varchar(45) not null, k varchar(128) not null, v text,
          version bigint(22) default 1, create_time datetime, update_time datetime, unique key uniq_k (cat, k)) engine = InnoDB default charset = utf8mb4;
        """;

    private const string PostgresTables = """
        create schema dtm;
        set search_path to dtm;
        create table trans_global (
          id bigserial primary key, gid varchar(128) not null unique, trans_type varchar(45) not null, status varchar(45) not null,
          query_prepared varchar(1024) not null, protocol varchar(45) not null,
          create_time timestamp(0) with time zone, update_time timestamp(0) with time zone,
          finish_time timestamp(0) with time zone, rollback_time timestamp(0) with time zone,
          options varchar(1024) default '', custom_data varchar(1024) default '', next_cron_interval int, next_cron_time timestamp(0) with time zone,
          owner varchar(128) not null default '', ext_data text, result varchar(1024) default '', rollback_reason varchar(1024) default '');
        create table trans_branch_op (
          id bigserial primary key, gid varchar(128) not null, url varchar(1024) not null, data text, bin_data bytea,
          branch_id varchar(128) not null, op varchar(45) not null, status varchar(45) not null,
          finish_time timestamp(0) with time zone, rollback_time timestamp(0) with time zone,
          create_time timestamp(0) with time zone, update_time timestamp(0) with time zone, unique (gid, branch_id, op));
        create table kv (
          id bigserial primary key, cat varchar(45) not null, k varchar(128) not null, v text, version bigint default 1,
          create_time timestamp(0) with time zone, update_time timestamp(0) with time zone, unique (cat, k));
        """;

    private readonly DbConnection _connection;

    private DtmDatabase(string driver, DbConnection connection, string address)
    {
        Arguments = [$"--from={address}", $"--from-driver={driver}", $"--from-time-zone={TimeZone}"];
        _connection = connection;
    }

    /// <summary>The arguments that tell the importer the address of the database.</summary>
    public IReadOnlyList<string> Arguments { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="driver">mysql or postgres.</param>
    /// <param name="connectionString">The connection string of a database that does not exist yet.</param>
    public static async Task<DtmDatabase> Create(string driver, string connectionString)
    {
        var isMySql = driver == "mysql";
        var all = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var name = (string)all["Database"];
        all["Database"] = isMySql ? "mysql" : "postgres";
        all["Pooling"] = false;
        await using (var server = Connection(isMySql, all.ConnectionString))
        {
            await server.OpenAsync(Cancel);
            await Execute(server, $"create database {name}");
        }

        var connection = Connection(isMySql, connectionString);
        await connection.OpenAsync(Cancel);
        await Execute(connection, isMySql ? MySqlTables : PostgresTables);
        return new DtmDatabase(driver, connection, connectionString);
    }

    /// <summary>Inserts a transaction with its branches, as DTM stores them.</summary>
    public async Task Add(DtmTransaction row, IReadOnlyList<DtmBranch> branches)
    {
        await Execute(
            _connection,
            """
            insert into trans_global (gid, trans_type, status, query_prepared, protocol, create_time, update_time, options, custom_data,
                next_cron_interval, next_cron_time, owner, ext_data, result, rollback_reason)
            values (@gid, @type, @status, @query, @protocol, @created, @updated, @options, @custom, @interval, @next, 'o', @ext, '', '')
            """,
            ("@gid", row.Gid),
            ("@type", row.Type),
            ("@status", row.Status),
            ("@query", row.QueryPrepared),
            ("@protocol", row.Protocol),
            ("@created", Moment(row.Created)),
            ("@updated", Moment(row.Updated)),
            ("@options", row.Options),
            ("@custom", row.CustomData),
            ("@interval", row.NextInterval),
            ("@next", Moment(row.NextTry)),
            ("@ext", row.ExtData));
        foreach (var branch in branches)
        {
            await Execute(
                _connection,
                """
                insert into trans_branch_op (gid, url, bin_data, branch_id, op, status, finish_time, create_time, update_time)
                values (@gid, @url, @data, @branch, @op, @status, @finished, @created, @created)
                """,
                ("@gid", row.Gid),
                ("@url", branch.Url),
                ("@data", branch.Data.ToArray()),
                ("@branch", branch.BranchId),
                ("@op", branch.Op),
                ("@status", branch.Status),
                ("@finished", Moment(branch.Finished)),
                ("@created", Moment(branch.Created)));
        }
    }

    /// <summary>Inserts many delayed messages: d1, d2, ...</summary>
    public Task AddDelayed(int count) => Execute(
        _connection,
        _connection is MySqlConnection
            ? $"""
              insert into trans_global (gid, trans_type, status, query_prepared, protocol, create_time, update_time, options, custom_data, next_cron_interval)
              select concat('d', seq), 'msg', 'submitted', '', 'http', now(), now(), '', '{"{"}"delay":864000{"}"}', 10 from {Sequence(count)};
              insert into trans_branch_op (gid, url, bin_data, branch_id, op, status, create_time)
              select concat('d', seq), 'http://127.0.0.1:1/never', '{"{}"}', '01', 'action', 'prepared', now() from {Sequence(count)}
              """
            : $"""
              insert into trans_global (gid, trans_type, status, query_prepared, protocol, create_time, update_time, options, custom_data, next_cron_interval)
              select 'd' || i, 'msg', 'submitted', '', 'http', now(), now(), '', '{"{"}"delay":864000{"}"}', 10 from generate_series(1, {count}) i;
              insert into trans_branch_op (gid, url, bin_data, branch_id, op, status, create_time)
              select 'd' || i, 'http://127.0.0.1:1/never', '{"{}"}', '01', 'action', 'prepared', now() from generate_series(1, {count}) i
              """);

    /// <summary>The numbers from 1 to a count below 10,000, in SQL that works on both MySQL and MariaDB.</summary>
    private static string Sequence(int count)
    {
        const string Digits = "(select 0 n union all select 1 union all select 2 union all select 3 union all select "
            + "4 union all select 5 "
            + "union all select 6 union all select 7 union all select 8 union all select 9)";
        return $"(select a.n + 10 * b.n + 100 * c.n + 1000 * d.n as seq from {Digits} a, "
            + $"{Digits} b, {Digits} c, {Digits} d "
            + $"having seq between 1 and {count}) s";
    }

    public Task AddKeyValue(string category, string key, string value) => Execute(
        _connection,
        "insert into kv (cat, k, v, version, create_time, update_time) values (@category, "
        + "@key, @value, 3, now(), now())",
        ("@category", category),
        ("@key", key),
        ("@value", value));

    /// <summary>Sets the creation time of a row to one that .NET cannot represent.</summary>
    public async Task SpoilDate(string table, string gid)
    {
        var isMySql = _connection is MySqlConnection;
        if (isMySql)
        {
            await Execute(_connection, "set session sql_mode = ''");
        }

        await Execute(
            _connection,
            $"update {table} set create_time = '{(isMySql ? "2020-00-00" : "0044-03-15 BC")}' where gid = @gid",
            ("@gid", gid));
    }

    /// <summary>Returns the content of all tables, to check that nothing has changed.</summary>
    public async Task<string> Dump()
    {
        var text = new StringWriter();
        foreach (var table in new[] { "trans_global", "trans_branch_op", "kv" })
        {
            await using var command = _connection.CreateCommand();
            command.CommandText = $"select * from {table} order by id";
            await using var reader = await command.ExecuteReaderAsync(Cancel);
            while (await reader.ReadAsync(Cancel))
            {
                for (var i = 0; i < reader.FieldCount; i++)
                {
                    await text.WriteAsync(reader[i] is byte[] bytes ? Convert.ToHexString(bytes) : $"{reader[i]}|");
                }

                await text.WriteLineAsync();
            }
        }

        return text.ToString();
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private DateTime? Moment(DateTimeOffset? moment) => _connection is MySqlConnection
        ? moment?.ToOffset(TimeSpan.FromHours(8)).DateTime
        : moment?.UtcDateTime;

    private static DbConnection Connection(bool isMySql, string connectionString) =>
        isMySql ? new MySqlConnection(connectionString) : new NpgsqlConnection(connectionString);

    private static async Task Execute(
        DbConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(Cancel);
    }
}
