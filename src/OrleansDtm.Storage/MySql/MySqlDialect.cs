using System.Data.Common;
using System.Text;
using MySqlConnector;
using OrleansDtm.Core;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.MySql;

/// <summary>MySQL 8 and MariaDB 10.6 or later.</summary>
internal sealed class MySqlDialect : ServerDialect
{
    /// <summary>Reserved for the statements around the rows.</summary>
    private const int PacketSpare = 16 * 1024;

    /// <summary>A larger command would take too long.</summary>
    private const long CommandBytesMax = 16 * 1024 * 1024;

    private readonly MySqlRowIds _ids = new();

    public override string Name => "mysql";

    public override string Client => "MySqlConnector";

    public override string Invariant => "MySql.Data.MySqlConnector";

    public override string Tested => "MySQL 9.7 and MariaDB 10.11";

    public override string CountUnfinished =>
        """
        select substring_index(state, ' ', 1), substring_index(state, ' ', -1), count(*), 0 from dtm_transaction
        where state < 'failed' or state > 'failed' group by state
        union all
        select type, status, 0, count(*) from dtm_transaction force index (dtm_transaction_due)
        where due < @before and status not in ('succeed', 'failed') group by type, status
        """;

    public override string FindDue =>
        """
        select id, gid, due from dtm_transaction force index (dtm_transaction_due)
        where due >= @due and due <= @now and (due > @due or id > @id) order by due, id limit @limit
        """;

    // The index contains the owner. It is scanned completely, but no row is read, and this happens once for each dead
    // process.
    public override string FindInterrupted(bool others) =>
        $"""
        select t.id, t.gid, t.due from
            (select id from dtm_transaction force index (dtm_transaction_due)
             where due is not null and owner <> 0 and owner {(others ? "<>" : "=")} @owner and id > @id
             order by id limit @limit) p
        join dtm_transaction t on t.id = p.id order by t.id
        """;

    public override string FindWaiting =>
        """
        select id, gid, due, progress from dtm_transaction force index (dtm_transaction_due)
        where due > @after and due <= @due and (due < @due or id < @id) and status not in ('succeed', 'failed')
        order by due desc, id desc limit @limit
        """;

    // UTC: local time is ambiguous for an hour every autumn.
    public override string Clock => "select timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000";

    public override string IsFailed => "state = 'failed'";

    public override string IsUnfinished => "state = @state";

    public override string IsAnyUnfinished => "(state < 'failed' or state > 'failed')";

    public override string ByUnfinished => "dtm_transaction force index (dtm_transaction_state)";

    public override string ByDue => "dtm_transaction force index (dtm_transaction_due)";

    public override string JoinTransactions(string id, string name = "dtm_transaction") =>
        $"straight_join dtm_transaction {name} on {name}.id = {id}";

    public override string InsertKeyValue =>
        "insert into dtm_kv (cat, k, v, version, created, updated) values (@category, @key, @value, 1, @now, @now)";

    public override string Unindexed(string column) => $"concat({column}, '')";

    public override string Walked(string table) => $"{table} force index (primary)";

    /// <summary>No row is read for it, unlike a condition of the status.</summary>
    public override string IsOpen(TransactionStatus status)
    {
        var states = Enum.GetValues<TransactionType>().Where(static type => type != TransactionType.None)
            .Select(type => $"'{Names.Of(type)} {Names.Of(status)}'");
        return $"state in ({string.Join(", ", states)})";
    }

    public override DbConnectionStringBuilder NewBuilder() => new MySqlConnectionStringBuilder();

    /// <summary>The data source converts all values; it does not connect.</summary>
    public override void Probe(string connectionString) =>
        new MySqlDataSource(
            new MySqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString).Dispose();

    public override string? DatabaseOf(string connectionString) =>
        new MySqlConnectionStringBuilder(connectionString).Database;

    public override string ConnectionString(StoreAddress address)
    {
        var builder = Builder(address);
        builder.AllowPublicKeyRetrieval = true; // As DTM's driver does: MySQL 8 requires it without TLS.
        return builder.ConnectionString;
    }

    /// <summary>From separate parts.</summary>
    public static MySqlConnectionStringBuilder Builder(StoreAddress address)
    {
        var builder = new MySqlConnectionStringBuilder
        {
            Server = address.Host,
            UserID = address.User,
            Password = address.Password,
            Database = address.Database,
        };
        builder.Port = address.Port == 0 ? builder.Port : (uint)address.Port;
        return builder;
    }

    public override DbDataSource CreatePool(ServerStoreOptions options)
    {
        var builder = Builder(options);
        builder.Pooling = true;
        builder.MaximumPoolSize = (uint)options.Readers;
        builder.MinimumPoolSize = (uint)Math.Min(options.IdleReaders, options.Readers);
        builder.ConnectionLifeTime = (uint)options.ConnectionLifetime.TotalSeconds;
        builder.ConnectionReset = false; // No reader changes its session, so a reset would waste a round trip.
        builder.DefaultCommandTimeout = (uint)options.ReadTimeout.TotalSeconds;
        return MySqlSession.Source(builder);
    }

    public override DbConnection CreateConnection(ServerStoreOptions options, bool withDatabase = true)
    {
        var builder = Builder(options);
        builder.Pooling = false;
        builder.DefaultCommandTimeout = (uint)options.CommitTimeout.TotalSeconds;
        if (!withDatabase)
        {
            builder.Database = "";
        }

        return MySqlSession.Source(builder).CreateConnection();
    }

    public override DbDataSource CreateClusterPool(ServerStoreOptions options)
    {
        var builder = Builder(options);
        builder.Pooling = true;
        builder.MaximumPoolSize = 8;
        builder.DefaultCommandTimeout = (uint)options.ReadTimeout.TotalSeconds;
        builder.ConnectionReset = true; // A cancelled query of the providers may leave a transaction open.
        return MySqlSession.Source(builder);
    }

    public override Task ClearPool(DbDataSource pool, DbConnection connection) =>
        MySqlConnection.ClearPoolAsync((MySqlConnection)connection);

    public override string Describe(ServerStoreOptions options)
    {
        var builder = Builder(options);
        return $"mysql database {builder.Database} at {builder.Server}:{builder.Port}";
    }

    public override ServerFault Classify(Exception error) => MySqlFaults.Classify(error);

    public override bool IsTooLarge(DbException error) => MySqlFaults.IsTooLarge(error);

    public override bool IsDuplicate(DbException error) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.DuplicateKeyEntry };

    public override bool IsNoDatabase(DbException error) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.UnknownDatabase };

    public override bool IsNoTable(DbException error) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.NoSuchTable };

    public override bool IsDenied(DbException error) => error is MySqlException
    {
        Number: 1044 or 1142 or 1227, // on a database, on a table, a missing privilege
    };

    public override bool IsDeniedDatabase(DbException error) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.DatabaseAccessDenied };

    public override bool IsWrongLogin(DbException error) => error is MySqlException
    {
        Number: 1045 or 1698, // a wrong password, or another way to sign in, such as the socket
    };

    public override bool IsTimeout(Exception error) =>
        error is MySqlException { ErrorCode: MySqlErrorCode.CommandTimeoutExpired };

    public override long PrepareWriter(DbConnection connection, ServerStoreOptions options)
    {
        // Without autocommit the first statement of a batch starts the transaction that its last one commits. The lock
        // timeout must be shorter than the command timeout, or the connection would be lost.
        var wait = Math.Max(1, (int)options.CommitTimeout.TotalSeconds / 3);
        connection.Execute($"set session innodb_lock_wait_timeout = {wait}, session autocommit = 0");
        return Math.Min(
            Convert.ToInt64(connection.Ask("select @@max_allowed_packet"), null) - PacketSpare, CommandBytesMax);
    }

    public override IReadOnlyList<string> FindWeakSettings(DbConnection connection)
    {
        var found = new List<string>();
        using var command = connection.CreateCommand();
        command.CommandText = "select @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog";
        using var reader = command.ExecuteReader();
        reader.Read();
        if (Convert.ToInt64(reader.GetValue(0), null) != 1)
        {
            found.Add($"innodb_flush_log_at_trx_commit={reader.GetValue(0)} (should be 1)");
        }

        if (Convert.ToInt64(reader.GetValue(1), null) != 0 && Convert.ToInt64(reader.GetValue(2), null) != 1)
        {
            found.Add($"sync_binlog={reader.GetValue(2)} (should be 1)");
        }

        return found;
    }

    public override Finding? FindReplicas(DbConnection connection) => MySqlReplicas.Look(connection);

    public override void Commit(
        DbConnection connection,
        IReadOnlyList<PlacedWrite> sorted,
        WriteResult[] results,
        CommitLimits limits,
        bool isCareful) =>
        MySqlBatch.Commit((MySqlConnection)connection, sorted, results, limits, _ids, isCareful);

    public override void CreateDatabase(DbConnection server, ServerStoreOptions options)
    {
        var name = Builder(options).Database.Replace("`", "``", StringComparison.Ordinal);
        server.Execute($"create database if not exists `{name}` character set utf8mb4");
    }

    public override DbTransaction? LockSchema(DbConnection connection, ServerStoreOptions options)
    {
        using var command = connection.CreateCommand();
        command.CommandTimeout = (int)options.SchemaTimeout.TotalSeconds + 5;
        command.CommandText = "select get_lock(concat('orleansdtm/', left(sha2(database(), 256), 40)), "
            + $"{(int)options.SchemaTimeout.TotalSeconds})";
        if (Convert.ToInt64(command.ExecuteScalar() is { } answer and not DBNull ? answer : 0, null) != 1)
        {
            throw new StoreUnavailableException(
                $"Another process has been changing the schema of {Describe(options)} for "
                + $"{options.SchemaTimeout.TotalSeconds} s. Start again when it has ended. [ODTM2006]");
        }

        return null;
    }

    /// <summary>For dtm_schema, which has no script. Another engine may have no transactions.</summary>
    public override void PrepareSchema(DbConnection connection, ServerStoreOptions options) =>
        connection.Execute("set session default_storage_engine = InnoDB");

    public override object Key(string text) => Encoding.UTF8.GetBytes(text);

    public override string ReadKey(DbDataReader reader, int column) =>
        Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(column));

    private static MySqlConnectionStringBuilder Builder(ServerStoreOptions options) => new(options.ConnectionString)
    {
        ConnectionTimeout = (uint)options.ConnectTimeout.TotalSeconds,
        CancellationTimeout = 1,
        PersistSecurityInfo = false,
        UseAffectedRows = true,
        NoBackslashEscapes = false, // As in the session's sql_mode.
    };
}
