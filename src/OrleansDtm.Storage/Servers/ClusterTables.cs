using System.Data.Common;
using System.Globalization;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// The tables in which silos find each other and keep reminders and the state of grains that are no transactions: those that the
/// ADO.NET providers of Orleans expect.
/// </summary>
public static class ClusterTables
{
    /// <summary>The queries without which a provider does not start.</summary>
    internal static readonly string[] Queries =
    [
        "CleanupDefunctSiloEntriesKey", "DeleteMembershipTableEntriesKey", "GatewaysQueryKey", "InsertMembershipKey",
        "InsertMembershipVersionKey", "MembershipReadAllKey", "MembershipReadRowKey", "UpdateIAmAlivetimeKey", "UpdateMembershipKey",
        "DeleteReminderRowKey", "DeleteReminderRowsKey", "ReadRangeRows1Key", "ReadRangeRows2Key", "ReadReminderRowKey",
        "ReadReminderRowsKey", "UpsertReminderRowKey",
        "ClearStorageKey", "DeleteStorageKey", "ReadFromStorageKey", "WriteToStorageKey",
    ];

    /// <summary>Makes what is missing, the database too. Any number of processes may do so at once.</summary>
    /// <param name="driver">mysql or postgres.</param>
    /// <exception cref="StoreSchemaException">The user may not.</exception>
    /// <exception cref="StoreUnavailableException">The server cannot be reached, or another process holds the schema for too long.</exception>
    public static Task Ensure(string driver, ServerStoreOptions options, CancellationToken cancellationToken) =>
        Task.Run(() => Ensure(Dialect(driver, options), options), cancellationToken);

    /// <summary>Whether the database can be used, without changing it. Never throws for what it finds.</summary>
    /// <param name="driver">mysql or postgres.</param>
    public static Task<Finding> Look(string driver, ServerStoreOptions options, CancellationToken cancellationToken) =>
        Task.Run(() => Look(Dialect(driver), options), cancellationToken);

    /// <summary>The greatest generation of the silos that are or have been in the cluster.</summary>
    /// <param name="driver">mysql or postgres.</param>
    /// <returns>0 = none is known, because nobody has made the tables yet.</returns>
    /// <exception cref="StoreUnavailableException">The server cannot be reached.</exception>
    public static int LastGeneration(string driver, ServerStoreOptions options, string clusterId)
    {
        var dialect = Dialect(driver, options);
        return Ask(dialect, options, connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "select max(Generation) from OrleansMembershipTable where DeploymentId = @cluster";
            Add(command, "@cluster", clusterId);
            try
            {
                return command.ExecuteScalar() is { } generation and not DBNull ? Convert.ToInt32(generation, CultureInfo.InvariantCulture) : 0;
            }
            catch (DbException e) when (dialect.IsNoTable(e))
            {
                return 0;
            }
        });
    }

    /// <summary>Removes silos that died, a day ago or earlier, before they had joined: Orleans removes those that had.</summary>
    /// <param name="driver">mysql or postgres.</param>
    /// <exception cref="StoreUnavailableException">The server cannot be reached.</exception>
    public static Task ForgetWhoNeverJoined(string driver, ServerStoreOptions options, string clusterId, CancellationToken cancellationToken) =>
        Task.Run(
            () => Ask(Dialect(driver, options), options, connection =>
            {
                using var clock = connection.CreateCommand();
                clock.CommandText = Dialect(driver).Clock;
                var now = DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(clock.ExecuteScalar(), CultureInfo.InvariantCulture));

                // Created = 1, joining = 2; see SiloStatus.
                using var command = connection.CreateCommand();
                command.CommandText = "delete from OrleansMembershipTable where DeploymentId = @cluster and Status in (1, 2) and IAmAliveTime < @before";
                Add(command, "@cluster", clusterId);
                Add(command, "@before", now.UtcDateTime.AddDays(-1));
                return command.ExecuteNonQuery();
            }),
            cancellationToken);

    /// <summary>For the providers: membership has to be read and written within a second or two, or fail.</summary>
    /// <param name="driver">mysql or postgres.</param>
    public static DbDataSource CreatePool(string driver, ServerStoreOptions options) =>
        Dialect(driver, options).CreateClusterPool(options);

    private static int Ask(ServerDialect dialect, ServerStoreOptions options, Func<DbConnection, int> ask)
    {
        try
        {
            using var connection = dialect.CreateConnection(options);
            connection.Open();
            return ask(connection);
        }
        catch (DbException e) when (dialect.IsNoDatabase(e))
        {
            return 0;
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            throw new StoreUnavailableException($"Cannot use {dialect.Describe(options)}: {e.Message} [ODTM2005]", e);
        }
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    /// <exception cref="StoreUnavailableException">The driver does not take the connection string.</exception>
    private static ServerDialect Dialect(string driver, ServerStoreOptions options)
    {
        var dialect = Dialect(driver);
        dialect.CheckConnectionString(options);
        return dialect;
    }

    private static ServerDialect Dialect(string driver) => driver switch
    {
        "mysql" => new MySqlDialect(),
        "postgres" => new PostgresDialect(),
        _ => throw new ArgumentException($"No cluster can be kept in {driver}.", nameof(driver)),
    };

    private static Finding Look(ServerDialect dialect, ServerStoreOptions options)
    {
        if (ConnectionStrings.FindProblem(dialect.Name, options.ConnectionString) is { } problem)
        {
            return Finding.Problem($"its connection string cannot be used: {problem}");
        }

        var where = dialect.Describe(options);
        try
        {
            using var connection = dialect.CreateConnection(options);
            connection.Open();
            return IsComplete(dialect, connection)
                ? Finding.Good($"{where} has the cluster's tables")
                : Finding.Note($"{where} lacks the cluster's tables; the first start makes them");
        }
        catch (DbException e) when (dialect.IsNoDatabase(e))
        {
            return Finding.Note($"{where} does not exist; the first start makes it if its user may create databases");
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            return Finding.Problem($"{where} cannot be used: {e.Message}. Check Cluster:ConnectionString, and that the server runs");
        }
    }

    private static void Ensure(ServerDialect dialect, ServerStoreOptions options)
    {
        var where = dialect.Describe(options);
        try
        {
            using var connection = ServerSchema.Open(dialect, options, where);
            if (IsComplete(dialect, connection))
            {
                return; // The usual case needs no right to change anything.
            }

            using var whole = dialect.LockSchema(connection, options);
            if (!ServerSchema.Look(whole, () => IsComplete(dialect, connection)))
            {
                dialect.PrepareSchema(connection, options);
                using var command = connection.CreateCommand();
                command.CommandTimeout = (int)options.SchemaTimeout.TotalSeconds;
                command.Transaction = whole;
                command.CommandText = SchemaScripts.Orleans(dialect.Name);
                command.ExecuteNonQuery();
                whole?.Commit();
            }
        }
        catch (DbException e) when (dialect.IsDenied(e))
        {
            throw new StoreSchemaException(
                $"The user of {where} may not create the tables of the cluster: {e.Message}. Give it the right to, or apply "
                + $"sql/{dialect.Name}/orleans.sql as an administrator; then the right to read and write the tables is enough. [ODTM2003]");
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            throw new StoreUnavailableException($"Cannot use {where}: {e.Message} [ODTM2005]", e);
        }
    }

    private static bool IsComplete(ServerDialect dialect, DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"select count(*) from OrleansQuery where QueryKey in ('{string.Join("', '", Queries)}')";
        try
        {
            return Convert.ToInt64(command.ExecuteScalar(), null) == Queries.Length;
        }
        catch (DbException e) when (dialect.IsNoTable(e))
        {
            return false;
        }
    }
}
