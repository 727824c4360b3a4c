using System.Data.Common;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>Creates the database and migrates its schema; other processes may do so at the same time.</summary>
internal static class ServerSchema
{
    /// <exception cref="StoreSchemaException">
    /// The schema belongs to a newer program, or the user may not change it.
    /// </exception>
    /// <exception cref="StoreUnavailableException">
    /// The server cannot be reached, or another process holds the schema too long.
    /// </exception>
    public static void Migrate(ServerDialect dialect, ServerStoreOptions options, TimeProvider clock)
    {
        var scripts = SchemaScripts.For(dialect.Name);
        var known = scripts[^1].Version;
        Change(
            dialect,
            options,
            "create or change the tables",
            "",
            connection => Schemas.Read(connection, dialect.IsNoTable) == known,
            (connection, whole) =>
            {
                // Another process may have migrated the schema while this one waited for the lock.
                var found = Look(whole, () => Schemas.Read(connection, dialect.IsNoTable));
                if (found > known)
                {
                    throw new StoreSchemaException(Schemas.Newer($"The {dialect.Describe(options)}", found, known));
                }

                Apply(dialect, options, (connection, whole), scripts.Where(s => s.Version > found), clock);
            });
    }

    /// <summary>
    /// Changes the schema under its lock unless it is as it should be, which needs no right to change anything.
    /// </summary>
    /// <param name="what">What the user must be allowed to do, for the error.</param>
    /// <param name="script">The file below the folder of the driver, for the error; empty = several.</param>
    public static void Change(
        ServerDialect dialect,
        ServerStoreOptions options,
        string what,
        string script,
        Func<DbConnection, bool> isDone,
        Action<DbConnection, DbTransaction?> change)
    {
        var where = dialect.Describe(options);
        try
        {
            using var connection = Open(dialect, options, where);
            if (isDone(connection))
            {
                return;
            }

            using var whole = dialect.LockSchema(connection, options);
            if (!Look(whole, () => isDone(connection)))
            {
                change(connection, whole);
                whole?.Commit();
            }
        }
        catch (DbException e) when (dialect.IsDeniedDatabase(e))
        {
            throw new StoreSchemaException(
                $"There is no {where}, or its user may not use it: {e.Message.TrimEnd('.')}. Create it and grant the "
                + "rights as an administrator, or correct Store:Db. [ODTM2004]");
        }
        catch (DbException e) when (dialect.IsDenied(e))
        {
            throw new StoreSchemaException(
                $"The user of {where} may not {what}: {e.Message}. Grant the right, or apply "
                + $"sql/{dialect.Name}/{script} as an administrator; then the right to read and write the tables is "
                + "enough. [ODTM2003]");
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            throw dialect.CannotUse(where, e);
        }
    }

    /// <summary>Creates the database if it is missing.</summary>
    public static DbConnection Open(ServerDialect dialect, ServerStoreOptions options, string where)
    {
        var connection = dialect.CreateConnection(options);
        try
        {
            return Right(dialect, options, where, connection);
        }
        catch (DbException e) when (dialect.IsNoDatabase(e))
        {
            connection.Dispose();
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        using (var server = dialect.CreateConnection(options, withDatabase: false))
        {
            server.Open();
            try
            {
                dialect.CreateDatabase(server, options);
            }
            catch (DbException e) when (dialect.IsDenied(e))
            {
                throw new StoreSchemaException(
                    $"There is no {where} and its user may not create it: {e.Message}. "
                    + "Create it as an administrator, or grant the right. [ODTM2004]");
            }
        }

        connection = dialect.CreateConnection(options);
        try
        {
            return Right(dialect, options, where, connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Asks what fails if there is no table, without losing the transaction.</summary>
    public static T Look<T>(DbTransaction? transaction, Func<T> ask)
    {
        const string before = "look";
        transaction?.Save(before);
        var answer = ask();
        transaction?.Rollback(before);
        return answer;
    }

    private static DbConnection Right(
        ServerDialect dialect, ServerStoreOptions options, string where, DbConnection connection)
    {
        connection.Open();
        return dialect.FindWrongSession(connection, options) is { } wrong
            ? throw new StoreUnavailableException($"Cannot use {where}: {wrong}. [ODTM2005]")
            : connection;
    }

    /// <param name="place">The connection, and the transaction that takes all changes.</param>
    private static void Apply(
        ServerDialect dialect,
        ServerStoreOptions options,
        (DbConnection Connection, DbTransaction? Whole) place,
        IEnumerable<SchemaScript> scripts,
        TimeProvider clock)
    {
        var (connection, whole) = place;
        dialect.PrepareSchema(connection, options);
        Execute(
            "create table if not exists dtm_schema (version bigint not null primary key, applied bigint not null)",
            whole);
        foreach (var script in scripts)
        {
            // One transaction if the server can roll back schema changes; if not, the scripts can be repeated.
            using var own = whole is null ? connection.BeginTransaction() : null;
            var transaction = whole ?? own;
            Execute(script.Sql, transaction);
            var applied = clock.GetUtcNow().ToUnixTimeMilliseconds();
            var row = FormattableString.Invariant($"({script.Version}, {applied})");
            Execute($"insert into dtm_schema (version, applied) values {row}", transaction);
            own?.Commit();
        }

        void Execute(string sql, DbTransaction? transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandTimeout = (int)options.SchemaTimeout.TotalSeconds;
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
