using System.Data.Common;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>Creates the database and brings its schema up to date, while other processes may be about to do the same.</summary>
internal static class ServerSchema
{
    /// <exception cref="StoreSchemaException">The schema is of a newer program, or the user may not change it.</exception>
    /// <exception cref="StoreUnavailableException">The server cannot be reached, or another process holds the schema for too long.</exception>
    public static void Migrate(ServerDialect dialect, ServerStoreOptions options, TimeProvider clock)
    {
        var where = dialect.Describe(options);
        try
        {
            using var connection = Open(dialect, options, where);
            var scripts = SchemaScripts.For(dialect.Name);
            var known = scripts[^1].Version;
            if (Schemas.Read(connection, dialect.IsNoTable) == known)
            {
                return; // The usual case needs no right to change anything.
            }

            using var whole = dialect.LockSchema(connection, options);
            var found = Look(whole, () => Schemas.Read(connection, dialect.IsNoTable)); // Whoever had the lock before us may have done it all.
            if (found > known)
            {
                throw new StoreSchemaException(
                    $"The {where} has schema version {found}, and this program knows up to {known}: a newer OrleansDtm "
                    + "wrote it. Run that version or a later one, or restore the backup made before the upgrade. [ODTM2002]");
            }

            Apply(dialect, options, (connection, whole), scripts.Where(s => s.Version > found), clock);
            whole?.Commit();
        }
        catch (DbException e) when (dialect.IsDenied(e))
        {
            throw new StoreSchemaException(
                $"The user of {where} may not create or change the tables: {e.Message}. Give it the right to, or apply the scripts of "
                + $"sql/{dialect.Name}/ as an administrator; then the right to read and write the tables is enough. [ODTM2003]");
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            throw new StoreUnavailableException($"Cannot use {where}: {e.Message} [ODTM2005]", e);
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
                    $"There is no {where} and its user may not create it: {e.Message}. Create it as an administrator, or grant the right. [ODTM2004]");
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

    /// <summary>Asks what may fail because there is no table, without spoiling the transaction.</summary>
    public static T Look<T>(DbTransaction? transaction, Func<T> ask)
    {
        const string before = "look";
        transaction?.Save(before);
        var answer = ask();
        transaction?.Rollback(before);
        return answer;
    }

    private static DbConnection Right(ServerDialect dialect, ServerStoreOptions options, string where, DbConnection connection)
    {
        connection.Open();
        return dialect.FindWrongSession(connection, options) is { } wrong
            ? throw new StoreUnavailableException($"Cannot use {where}: {wrong}. [ODTM2005]")
            : connection;
    }

    /// <param name="place">The connection, and the transaction that takes all of it.</param>
    private static void Apply(
        ServerDialect dialect,
        ServerStoreOptions options,
        (DbConnection Connection, DbTransaction? Whole) place,
        IEnumerable<SchemaScript> scripts,
        TimeProvider clock)
    {
        var (connection, whole) = place;
        dialect.PrepareSchema(connection, options);
        Execute("create table if not exists dtm_schema (version bigint not null primary key, applied bigint not null)", whole);
        foreach (var script in scripts)
        {
            // One transaction where the server can roll back such changes; where it cannot, the scripts bear being repeated.
            using var own = whole is null ? connection.BeginTransaction() : null;
            var transaction = whole ?? own;
            Execute(script.Sql, transaction);
            Execute(
                FormattableString.Invariant(
                    $"insert into dtm_schema (version, applied) values ({script.Version}, {clock.GetUtcNow().ToUnixTimeMilliseconds()})"),
                transaction);
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
