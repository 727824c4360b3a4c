using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>Opens connections, locks the file, migrates the schema.</summary>
internal static class SqliteDatabase
{
    private const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Two coordinators on one file would both call the branches of unfinished transactions. The system releases this
    /// lock when the process ends, however it ends, so the lock file need not be deleted.
    /// </summary>
    public static FileStream Lock(string path)
    {
        try
        {
            var folder = Path.GetDirectoryName(path)!;
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
            };
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
                return new FileStream(path + ".lock", options);
            }

            // Payloads may be confidential. What exists keeps its mode, which may be the administrator's choice.
            Directory.CreateDirectory(folder, OwnFile | UnixFileMode.UserExecute);
            options.UnixCreateMode = OwnFile;
            if (!File.Exists(path))
            {
                // SQLite gives -wal and -shm the mode of the file.
                using var created = new FileStream(
                    path, new FileStreamOptions
                    {
                        Mode = FileMode.OpenOrCreate,
                        Access = FileAccess.Write,
                        UnixCreateMode = OwnFile,
                    });
            }

            return new FileStream(path + ".lock", options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                IsHeld(e)
                    ? $"Another coordinator uses '{path}': a SQLite file belongs to one process. Stop the other one, "
                        + "or set Store:Path to another file. Several processes need Store:Driver=mysql or postgres. "
                        + "[ODTM2001]"
                    : $"The store '{path}' cannot be written: {e.Message.TrimEnd('.')}. Make its folder writable for "
                        + "the user of this process, or set Store:Path to another file. [ODTM2017]",
                e);
        }
    }

    /// <summary>Another process holds the lock: the sharing violation of Windows, EAGAIN of Linux and macOS.</summary>
    private static bool IsHeld(Exception error) =>
        error is IOException { HResult: unchecked((int)0x80070020) or 11 or 35 };

    /// <param name="isReader">The connection refuses writes.</param>
    public static SqliteConnection Open(string path, SqliteStoreOptions options, bool isReader)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(options.BusyTimeout.TotalSeconds));
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false, // Closing a connection must close the file.
            DefaultTimeout = seconds,
        }.ToString());
        try
        {
            connection.Open();
            Execute(connection, string.Create(
                CultureInfo.InvariantCulture,
                $"pragma busy_timeout={seconds * 1000}; pragma cache_size=-{options.CacheKib}; pragma "
                + $"temp_store=memory;"));
            if (isReader)
            {
                Execute(connection, "pragma query_only=1;");
                return connection;
            }

            RequireLog(connection);
            var synchronous = SqliteFlush.IsSupported ? "normal" : "full";
            Execute(connection, string.Create(
                CultureInfo.InvariantCulture,
                $"pragma synchronous={synchronous}; pragma wal_autocheckpoint={options.CheckpointPages};"));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Applies the missing scripts, each in its own transaction.</summary>
    /// <exception cref="StoreSchemaException">A newer program wrote the file.</exception>
    public static void Migrate(SqliteConnection connection, IReadOnlyList<SchemaScript> scripts, TimeProvider clock)
    {
        Execute(connection, "create table if not exists dtm_schema (version integer primary key, applied integer "
            + "not null);");
        using var query = connection.CreateCommand();
        query.CommandText = "select coalesce(max(version), 0) from dtm_schema;";
        var found = (long)query.ExecuteScalar()!;
        var known = scripts[^1].Version;
        if (found > known)
        {
            throw new StoreSchemaException(Schemas.Newer($"'{connection.DataSource}'", found, known));
        }

        foreach (var script in scripts.Where(s => s.Version > found))
        {
            using var transaction = connection.BeginTransaction();
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = script.Sql + "\ninsert into dtm_schema (version, applied) values (@version, "
                + "@applied);";
            command.Parameters.AddWithValue("@version", script.Version);
            command.Parameters.AddWithValue("@applied", clock.GetUtcNow().ToUnixTimeMilliseconds());
            command.ExecuteNonQuery();
            transaction.Commit();
        }
    }

    /// <summary>If SQLite cannot use this mode, it keeps the former one without an error.</summary>
    private static void RequireLog(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "pragma journal_mode=wal;";
        if (command.ExecuteScalar() is not "wal" and var mode)
        {
            throw new StoreUnavailableException(
                $"'{connection.DataSource}' keeps journal_mode {mode}: SQLite cannot use its write-ahead log there. "
                + "Use a local disk. [ODTM2005]");
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Runs statements in one transaction; a single one needs none.</summary>
    /// <returns>How many rows the first one changed.</returns>
    public static int Execute(
        SqliteConnection connection, string[] statements, (string Name, object Value)[] parameters)
    {
        using var transaction = statements.Length > 1 ? connection.BeginTransaction() : null;
        var changed = statements.Select(ExecuteOne).ToArray()[0];
        transaction?.Commit();
        return changed;

        int ExecuteOne(string sql)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = sql;
            foreach (var (name, value) in parameters)
            {
                command.Parameters.AddWithValue(name, value);
            }

            return command.ExecuteNonQuery();
        }
    }

    /// <summary>SQLite has one code for this and other errors in a statement; the statements are ours.</summary>
    public static bool IsNoTable(DbException error) => error is SqliteException { SqliteErrorCode: 1 };
}
