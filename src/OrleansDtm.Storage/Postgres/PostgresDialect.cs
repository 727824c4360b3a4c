using System.Data;
using System.Data.Common;
using Npgsql;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.Postgres;

/// <summary>PostgreSQL 13 or later.</summary>
internal sealed class PostgresDialect : ServerDialect
{
    /// <summary>A value, and so an array, may have 1 GB.</summary>
    private const long CommandBytesMax = 256 * 1024 * 1024;

    /// <summary>The first half of the advisory lock; the second is the hash of the schema.</summary>
    private const int LockClass = 0x6f64746d;

    public override string Name => "postgres";

    public override string Client => "Npgsql";

    public override string Invariant => "Npgsql";

    public override string Tested => "PostgreSQL 15";

    public override string TelemetryName => "postgresql";

    public override string CountUnfinished =>
        """
        select type, status, count(*), count(*) filter (where due < @before) from dtm_transaction
        where status not in ('succeed', 'failed') group by type, status
        """;

    public override string Clock => "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

    /// <summary>
    /// "offset 0" keeps the planner from turning the join round: it once walked the primary key and looked at each
    /// of 4,000 ids for each row, 20 s for a page of 100,000 transactions.
    /// </summary>
    public override string JoinTransactions(string id, string name = "dtm_transaction") =>
        $"cross join lateral (select * from dtm_transaction x where x.id = {id} offset 0) {name}";

    public override string HasParkedCall => "position(@parked in progress) > 0";

    public override string DurableSettings =>
        "select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'";

    public override ServerStoreOptions Settle(ServerStoreOptions options) => PostgresSettings.Settle(options);

    public override DbConnectionStringBuilder NewBuilder() => new NpgsqlConnectionStringBuilder();

    public override void Probe(string connectionString) => NpgsqlDataSource.Create(connectionString).Dispose();

    public override string? DatabaseOf(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString).Database;

    public override string ConnectionString(StoreAddress address) => Builder(address).ConnectionString;

    /// <summary>From separate parts.</summary>
    public static NpgsqlConnectionStringBuilder Builder(StoreAddress address)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Username = address.User,
            Password = address.Password,
            Database = address.Database,
        };
        builder.Port = address.Port == 0 ? builder.Port : address.Port;
        return builder;
    }

    public override DbDataSource CreatePool(ServerStoreOptions options) =>
        NpgsqlDataSource.Create(new PostgresSettings(options).Readers());

    public override DbConnection CreateConnection(ServerStoreOptions options, bool withDatabase = true) =>
        new NpgsqlConnection(new PostgresSettings(options).Writer(withDatabase).ConnectionString);

    public override DbDataSource CreateClusterPool(ServerStoreOptions options) =>
        NpgsqlDataSource.Create(new PostgresSettings(options).Cluster());

    public override Task ClearPool(DbDataSource pool, DbConnection connection)
    {
        ((NpgsqlDataSource)pool).Clear();
        return Task.CompletedTask;
    }

    public override string Describe(ServerStoreOptions options)
    {
        var settings = new PostgresSettings(options);
        var schema = options.Schema.Length > 0 ? $", schema {options.Schema}" : "";
        return $"postgres database {settings.Database} at {settings.Place}{schema}";
    }

    public override ServerFault Classify(Exception error) => error switch
    {
        PostgresException e => Classify(e.SqlState),
        StoreTooLargeException => ServerFault.Refused,
        _ => ServerFault.Unavailable,
    };

    public override bool IsTimeout(Exception error) =>
        error is TimeoutException or NpgsqlException { InnerException: TimeoutException };

    public override bool IsTooLarge(DbException error) =>
        error.SqlState is PostgresErrorCodes.ProgramLimitExceeded or PostgresErrorCodes.ConfigurationLimitExceeded;

    public override bool IsDuplicate(DbException error) => error.SqlState == PostgresErrorCodes.UniqueViolation;

    public override bool IsNoDatabase(DbException error) => error.SqlState == PostgresErrorCodes.InvalidCatalogName;

    public override bool IsNoTable(DbException error) =>
        error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName;

    public override bool IsDenied(DbException error) => error.SqlState == PostgresErrorCodes.InsufficientPrivilege;

    /// <summary>Npgsql itself raises the error of a password that is missing; it has no code.</summary>
    public override bool IsWrongLogin(DbException error) =>
        error.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
        || error.Message.StartsWith("No password", StringComparison.Ordinal);

    /// <summary>
    /// Sets nothing in the session, which a pooler may give to others: <see cref="PostgresBatch"/> sets it in each
    /// transaction.
    /// </summary>
    public override long PrepareWriter(DbConnection connection, ServerStoreOptions options) => CommandBytesMax;

    public override IReadOnlyList<string> FindWeakSettings(DbConnection connection)
    {
        var found = new List<string>();
        using var command = connection.CreateCommand();
        command.CommandText = "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting "
            + "= 'off' order by name";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            found.Add($"{reader.GetString(0)}=off (should be on)");
        }

        return found;
    }

    public override Finding? FindReplicas(DbConnection connection)
    {
        // The columns are null for a user without pg_monitor.
        using var command = connection.CreateCommand();
        command.CommandText = "select count(*), count(*) filter (where sync_state in ('sync', 'quorum')) "
            + "from pg_stat_replication where state = 'streaming'";
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1)) switch
        {
            (0, _) => null,
            (var replicas, 0) => Finding.Note($"it has {replicas} asynchronous standbys: a failover to one loses the "
                + "acknowledged transactions that it has not received. Set synchronous_standby_names"),
            _ => Finding.Good("it has a synchronous standby: a failover to it loses nothing"),
        };
    }

    public override void Commit(
        DbConnection connection,
        IReadOnlyList<PlacedWrite> sorted,
        WriteResult[] results,
        CommitLimits limits,
        bool isCareful)
    {
        using var batch = new PostgresBatch((NpgsqlConnection)connection, limits);
        batch.Commit(WriteRounds.Cut(sorted, limits.CommandBytes), results);
    }

    public override void CreateDatabase(DbConnection server, ServerStoreOptions options)
    {
        var template = server.Ask("select pg_encoding_to_char(encoding) from pg_database where datname = 'template1'");
        var encoding = template is "UTF8" ? "" : " template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'";
        try
        {
            server.Execute(
                $"create database {PostgresSettings.Quote(new PostgresSettings(options).Database!)}{encoding}");
        }
        catch (PostgresException e) when (
            e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another process has created it.
        }
    }

    /// <summary>A lock of the transaction: behind a pooler a lock of the session would outlive its holder.</summary>
    public override DbTransaction? LockSchema(DbConnection connection, ServerStoreOptions options)
    {
        var transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
        try
        {
            // lock_timeout and the timeout of each command limit the time.
            connection.Execute(
                $"set local lock_timeout = {(int)options.SchemaTimeout.TotalMilliseconds}; set local "
                + "statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; " + DurableSettings);
            using var command = (NpgsqlCommand)connection.CreateCommand();
            command.CommandTimeout = (int)options.SchemaTimeout.TotalSeconds + 5;
            command.CommandText = $"select pg_advisory_xact_lock({LockClass}, hashtext($1))";
            command.Parameters.Add(new NpgsqlParameter { Value = options.Schema });
            command.ExecuteNonQuery();
            return transaction;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            transaction.Dispose();
            throw new StoreUnavailableException(
                $"Another process has been changing the schema of the {Describe(options)} for "
                + $"{options.SchemaTimeout.TotalSeconds} s. Start again when it has ended. [ODTM2006]");
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    public override void PrepareSchema(DbConnection connection, ServerStoreOptions options)
    {
        if (options.Schema.Length > 0)
        {
            connection.Execute($"create schema if not exists {PostgresSettings.Quote(options.Schema)}");
        }
    }

    public override string? FindWrongSession(DbConnection connection, ServerStoreOptions options)
    {
        if (options.Schema.Length == 0)
        {
            return null;
        }

        var path = (string?)connection.Ask("select current_setting('search_path')");
        return path == PostgresSettings.Quote(options.Schema)
            ? null
            : $"the session's search_path is {path}, not the schema of Store:Schema. A pooler does not forward it to "
                + "the server: leave Store:Schema empty and set the search path of the database's user (alter role "
                + "... set search_path = ...)";
    }

    public override IEnumerable<Finding> Inspect(DbConnection connection, ServerStoreOptions options)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select pg_backend_pid(), current_setting('server_encoding')";
        var (process, encoding) = (0, "");
        using (var reader = command.ExecuteReader())
        {
            reader.Read();
            (process, encoding) = (reader.GetInt32(0), reader.GetString(1));
        }

        if (process != ((NpgsqlConnection)connection).ProcessID)
        {
            yield return new PostgresSettings(options).IsForPooler
                ? Finding.Good("there is a pooler, and the connection string allows for it")
                : Finding.Note(
                    "there is a pooler. If it gives each transaction another session (pgbouncer's "
                    + "pool_mode=transaction), add to the connection string: Max Auto Prepare=0;No Reset On "
                    + "Close=true");
        }

        if (encoding is not ("UTF8" or "SQL_ASCII"))
        {
            yield return Finding.Note(
                $"the database's encoding is {encoding}: gids, topics and service names of other characters cannot "
                + "be stored. UTF8 holds all");
        }
    }

    /// <summary>The first two characters of a state are its class.</summary>
    private static ServerFault Classify(string state) => state switch
    {
        PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.LockNotAvailable => ServerFault.Undone,
        PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.DuplicatePreparedStatement => ServerFault.Unavailable,

        // Connection, transaction state (read-only), prepared statement (lost by a pooler), authorization, no such
        // database or schema, lost transaction, resources, operator, system, configuration, internal.
        _ => state[..2] is "08" or "25" or "26" or "28" or "3D" or "3F" or "40" or "53" or "57" or "58" or "F0" or "XX"
            ? ServerFault.Unavailable
            : ServerFault.Refused,
    };
}
