using System.Data.Common;
using System.Globalization;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// The tables that the ADO.NET providers of Orleans expect: membership, reminders, and the state of grains other than
/// transactions.
/// </summary>
public sealed class ClusterTables
{
    /// <summary>A provider does not start without these.</summary>
    internal static readonly string[] Queries =
    [
        "CleanupDefunctSiloEntriesKey", "DeleteMembershipTableEntriesKey", "GatewaysQueryKey", "InsertMembershipKey",
        "InsertMembershipVersionKey", "MembershipReadAllKey", "MembershipReadRowKey", "UpdateIAmAlivetimeKey",
        "UpdateMembershipKey",
        "DeleteReminderRowKey", "DeleteReminderRowsKey", "ReadRangeRows1Key", "ReadRangeRows2Key", "ReadReminderRowKey",
        "ReadReminderRowsKey", "UpsertReminderRowKey",
        "ClearStorageKey", "DeleteStorageKey", "ReadFromStorageKey", "WriteToStorageKey",
    ];

    private readonly ServerDialect _dialect;

    internal ClusterTables(ServerDialect dialect) => _dialect = dialect;

    /// <summary>The invariant name of the providers.</summary>
    public string Invariant => _dialect.Invariant;

    /// <summary>Creates what is missing, including the database. Several processes may do so at once.</summary>
    /// <exception cref="StoreSchemaException">The user lacks the right.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The server cannot be reached, or another process holds the schema too long.
    /// </exception>
    public Task Ensure(DatabaseOptions database, CancellationToken cancellationToken) =>
        Task.Run(() => Ensure(Checked(database)), cancellationToken);

    /// <summary>Whether the database can be used, without changing it. Never throws for what it finds.</summary>
    public Task<Finding> Look(DatabaseOptions database, CancellationToken cancellationToken) =>
        Task.Run(() => Look(ServerStoreOptions.Of(database)), cancellationToken);

    /// <summary>The greatest generation of the silos that are or were in the cluster.</summary>
    /// <returns>0 = none is known, because there are no tables yet.</returns>
    /// <exception cref="StoreUnavailableException">The server cannot be reached.</exception>
    public int LastGeneration(DatabaseOptions database, string clusterId) => Ask(Checked(database), connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select max(Generation) from OrleansMembershipTable where DeploymentId = @cluster";
        command.Add("@cluster", clusterId);
        try
        {
            return command.ExecuteScalar() is { } generation and not DBNull
                ? Convert.ToInt32(generation, CultureInfo.InvariantCulture)
                : 0;
        }
        catch (DbException e) when (_dialect.IsNoTable(e))
        {
            return 0;
        }
    });

    /// <summary>
    /// Removes silos that died a day ago or earlier and had never joined. Orleans removes only those that had joined.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The server cannot be reached.</exception>
    public Task ForgetWhoNeverJoined(DatabaseOptions database, string clusterId, CancellationToken cancellationToken) =>
        Task.Run(
        () => Ask(Checked(database), connection =>
        {
            var now = DateTimeOffset.FromUnixTimeMilliseconds(
                Convert.ToInt64(connection.Ask(_dialect.Clock), CultureInfo.InvariantCulture));

            // Created = 1, joining = 2; see SiloStatus.
            using var command = connection.CreateCommand();
            command.CommandText =
                "delete from OrleansMembershipTable where DeploymentId = @cluster and Status in (1, 2) and "
                + "IAmAliveTime < @before";
            command.Add("@cluster", clusterId);
            command.Add("@before", now.UtcDateTime.AddDays(-1));
            return command.ExecuteNonQuery();
        }),
        cancellationToken);

    /// <summary>
    /// Connections for the providers, with short timeouts: membership must be read within a second or two, or fail.
    /// </summary>
    public DbDataSource CreatePool(DatabaseOptions database) => _dialect.CreateClusterPool(Checked(database));

    private int Ask(ServerStoreOptions options, Func<DbConnection, int> ask)
    {
        try
        {
            using var connection = _dialect.CreateConnection(options);
            connection.Open();
            return ask(connection);
        }
        catch (DbException e) when (_dialect.IsNoDatabase(e))
        {
            return 0;
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            throw _dialect.CannotUse(_dialect.Describe(options), e);
        }
    }

    /// <exception cref="StoreUnavailableException">
    /// The client library does not accept the connection string.
    /// </exception>
    private ServerStoreOptions Checked(DatabaseOptions database)
    {
        var options = ServerStoreOptions.Of(database);
        _dialect.CheckConnectionString(options);
        return options;
    }

    private Finding Look(ServerStoreOptions options)
    {
        if (ConnectionStrings.FindProblem(_dialect, options.ConnectionString) is { } problem)
        {
            return Finding.Problem($"its connection string cannot be used: {problem}");
        }

        var where = _dialect.Describe(options);
        try
        {
            using var connection = _dialect.CreateConnection(options);
            connection.Open();
            return IsComplete(connection)
                ? Finding.Good($"{where} has the cluster's tables")
                : Finding.Note($"{where} lacks the cluster's tables; the first start creates them");
        }
        catch (DbException e) when (_dialect.IsNoDatabase(e))
        {
            return Finding.Note($"{where} does not exist; the first start creates it if its user may create databases");
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            return Finding.Problem($"{where} cannot be used: {e.Message}. Check Cluster:ConnectionString, and that "
                + "the server runs");
        }
    }

    private void Ensure(ServerStoreOptions options) => ServerSchema.Change(
        _dialect,
        options,
        "create the cluster's tables",
        "orleans.sql",
        IsComplete,
        (connection, transaction) =>
        {
            _dialect.PrepareSchema(connection, options);
            using var command = connection.CreateCommand();
            command.CommandTimeout = (int)options.SchemaTimeout.TotalSeconds;
            command.Transaction = transaction;
            command.CommandText = SchemaScripts.Other(_dialect.Name, "orleans");
            command.ExecuteNonQuery();
        });

    private bool IsComplete(DbConnection connection)
    {
        try
        {
            var found = connection.Ask(
                $"select count(*) from OrleansQuery where QueryKey in ('{string.Join("', '", Queries)}')");
            return Convert.ToInt64(found, null) == Queries.Length;
        }
        catch (DbException e) when (_dialect.IsNoTable(e))
        {
            return false;
        }
    }
}
