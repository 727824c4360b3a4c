using System.Data.Common;
using Npgsql;

namespace OrleansDtm.Storage.Servers;

/// <summary>PostgreSQL 13 or later.</summary>
internal sealed class PostgresDialect : ServerDialect
{
    /// <summary>A value may have 1 GB there, and so may an array of them.</summary>
    private const long CommandBytesMax = 256 * 1024 * 1024;

    /// <summary>Of advisory locks; the second half is the schema's.</summary>
    private const int LockClass = 0x6f64746d;

    public override string Name => "postgres";

    public override string Tested => "PostgreSQL 15";

    public override string TelemetryName => "postgresql";

    public override string CountUnfinished =>
        """
        select type, status, count(*), count(*) filter (where due < @before) from dtm_transaction
        where status not in ('succeed', 'failed') group by type, status
        """;

    public override string FindDue =>
        "select id, gid, due from dtm_transaction where due <= @now and (due, id) > (@due, @id) order by due, id limit @limit";

    public override string FindInterrupted(bool others) =>
        $"""
        select id, gid, due from dtm_transaction
        where due is not null and owner <> 0 and owner {(others ? "<>" : "=")} @owner and id > @id order by id limit @limit
        """;

    public override string FindWaiting =>
        """
        select id, gid, due from dtm_transaction
        where due > @due and status not in ('succeed', 'failed') order by due desc, id desc limit @limit
        """;

    public override string Clock => "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

    public override string IsFailed => "status = 'failed'";

    public override string IsUnfinished => "status not in ('succeed', 'failed')";

    public override string IsAnyUnfinished => IsUnfinished;

    public override string InsertKeyValue =>
        """
        insert into dtm_kv (cat, k, v, version, created, updated) values (@category, @key, @value, 1, @now, @now)
        on conflict (cat, k) do nothing
        """;

    public override DbDataSource CreatePool(ServerStoreOptions options)
    {
        var builder = Builder(options);
        builder.Pooling = true;
        builder.MaxPoolSize = options.Readers;
        builder.MinPoolSize = Math.Min(options.IdleReaders, options.Readers);
        builder.ConnectionLifetime = (int)options.ConnectionLifetime.TotalSeconds;
        builder.NoResetOnClose = true; // No reader changes its session.
        builder.MaxAutoPrepare = 32;
        builder.AutoPrepareMinUsages = 5;
        builder.CommandTimeout = (int)options.ReadTimeout.TotalSeconds;
        return NpgsqlDataSource.Create(builder);
    }

    public override DbConnection CreateConnection(ServerStoreOptions options, bool withDatabase = true)
    {
        var builder = Builder(options);
        builder.Pooling = false;
        builder.MaxAutoPrepare = 8;
        builder.AutoPrepareMinUsages = 2;
        builder.CommandTimeout = (int)options.CommitTimeout.TotalSeconds;
        if (!withDatabase)
        {
            builder.Database = "postgres";
            builder.SearchPath = null;
        }

        return new NpgsqlConnection(builder.ConnectionString);
    }

    public override DbDataSource CreateClusterPool(ServerStoreOptions options)
    {
        var builder = Builder(options);
        builder.Pooling = true;
        builder.MaxPoolSize = 8;
        builder.CommandTimeout = (int)options.ReadTimeout.TotalSeconds;
        return NpgsqlDataSource.Create(builder);
    }

    public override Task ClearPool(DbDataSource pool, DbConnection connection)
    {
        ((NpgsqlDataSource)pool).Clear();
        return Task.CompletedTask;
    }

    public override string Describe(ServerStoreOptions options)
    {
        var builder = Builder(options);
        return $"postgres database {builder.Database} at {builder.Host}:{builder.Port}"
            + (options.Schema.Length > 0 ? $", schema {options.Schema}" : "");
    }

    public override ServerFault Classify(Exception error) => error switch
    {
        PostgresException e => Classify(e.SqlState),
        StoreTooLargeException => ServerFault.Refused,
        _ => ServerFault.Unavailable,
    };

    public override bool IsTimeout(Exception error) => error is TimeoutException or NpgsqlException { InnerException: TimeoutException };

    public override bool IsTooLarge(DbException error) =>
        error.SqlState is PostgresErrorCodes.ProgramLimitExceeded or PostgresErrorCodes.ConfigurationLimitExceeded;

    public override bool IsDuplicate(DbException error) => error.SqlState == PostgresErrorCodes.UniqueViolation;

    public override bool IsNoDatabase(DbException error) => error.SqlState == PostgresErrorCodes.InvalidCatalogName;

    public override bool IsNoTable(DbException error) => error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName;

    public override bool IsDenied(DbException error) => error.SqlState == PostgresErrorCodes.InsufficientPrivilege;

    public override long PrepareWriter(DbConnection connection, ServerStoreOptions options)
    {
        // The writer only ever looks rows up by key, in the order of its list; a plan made while the table was small must not say
        // otherwise. Waiting for a lock must end before the command does, or the connection would be lost with it.
        var wait = Math.Max(1000, (int)options.CommitTimeout.TotalMilliseconds / 3);
        Execute(
            connection,
            $"set lock_timeout = {wait}; set plan_cache_mode = force_generic_plan; "
            + "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; "
            + "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'");
        return CommandBytesMax;
    }

    public override IReadOnlyList<string> FindWeakSettings(DbConnection connection)
    {
        var found = new List<string>();
        using var command = connection.CreateCommand();
        command.CommandText = "select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off' order by name";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            found.Add($"{reader.GetString(0)}=off (should be on)");
        }

        return found;
    }

    public override void Commit(
        DbConnection connection, IReadOnlyList<PlacedWrite> sorted, WriteResult[] results, CommitLimits limits, bool isCareful)
    {
        using var batch = new PostgresBatch((NpgsqlConnection)connection, limits.Seconds);
        batch.Commit(WriteRounds.Cut(sorted, limits.CommandBytes), results);
    }

    public override void CreateDatabase(DbConnection server, ServerStoreOptions options)
    {
        try
        {
            Execute(server, $"create database {Quote(Builder(options).Database!)}");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another process was faster.
        }
    }

    public override void LockSchema(DbConnection connection, ServerStoreOptions options)
    {
        Execute(connection, $"set lock_timeout = {(int)options.SchemaTimeout.TotalMilliseconds}");
        using var command = (NpgsqlCommand)connection.CreateCommand();
        command.CommandTimeout = (int)options.SchemaTimeout.TotalSeconds + 5;
        command.CommandText = $"select pg_advisory_lock({LockClass}, hashtext($1))";
        command.Parameters.Add(new NpgsqlParameter { Value = options.Schema });
        try
        {
            command.ExecuteNonQuery();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new StoreUnavailableException(
                $"Another process has been changing the schema of the {Describe(options)} for {options.SchemaTimeout.TotalSeconds} s. "
                + "Start again when it has ended. [ODTM2006]");
        }
    }

    public override void PrepareSchema(DbConnection connection, ServerStoreOptions options)
    {
        if (options.Schema.Length > 0)
        {
            Execute(connection, $"create schema if not exists {Quote(options.Schema)}");
        }
    }

    public override object Key(string text) => text;

    public override string ReadKey(DbDataReader reader, int column) => reader.GetString(column);

    /// <summary>Classes are the first two characters of a state.</summary>
    private static ServerFault Classify(string state) => state switch
    {
        PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.LockNotAvailable =>
            ServerFault.Undone,
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.InFailedSqlTransaction => ServerFault.Unavailable,

        // Connection, authorization, no such database or schema, transaction lost, resources, operator, system, configuration, internal.
        _ => state[..2] is "08" or "28" or "3D" or "3F" or "40" or "53" or "57" or "58" or "F0" or "XX"
            ? ServerFault.Unavailable
            : ServerFault.Refused,
    };

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static NpgsqlConnectionStringBuilder Builder(ServerStoreOptions options)
    {
        var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            Timeout = (int)options.ConnectTimeout.TotalSeconds,
            CancellationTimeout = 1000,
            PersistSecurityInfo = false,
            IncludeErrorDetail = false, // Rows of users' data are no part of a log.
        };
        if (options.Schema.Length > 0)
        {
            builder.SearchPath = Quote(options.Schema);
        }

        return builder;
    }

    private static void Execute(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
