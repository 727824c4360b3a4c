using System.Data.Common;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService;
using Orleans.Storage;
using Orleans.TestingHost;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.MySql;
using OrleansDtm.Storage.Postgres;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Tables;

/// <summary>Tests that Orleans' own providers work on this project's tables and queries.</summary>
public abstract class ClusterTablesTests<TServer>(DatabaseUnderTest<TServer> database)
    where TServer : DatabaseServer, new()
{
    private static readonly DateTime Started = new(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected abstract string Invariant { get; }

    private ClusterTables Tables => StoreDrivers.All.Find(database.Server.Driver).Cluster!;

    [Fact]
    public async Task A_change_of_the_membership_counts_only_upon_the_version_that_was_read()
    {
        var table = await Membership();
        var read = await table.ReadAllAsync(Cancel);
        Assert.Empty(read.Members);
        var version = read.Version.Next();

        Assert.True(await table.InsertRowAsync(Silo(1), version, Cancel));
        Assert.False(await table.InsertRowAsync(Silo(2), version, Cancel)); // The version is outdated.
        read = await table.ReadAllAsync(Cancel);
        Assert.Equal(1, read.Version.Version);
        Assert.False(await table.InsertRowAsync(Silo(1), read.Version.Next(), Cancel)); // The row exists.
        Assert.Equal(1, (await table.ReadAllAsync(Cancel)).Version.Version);

        var changed = Silo(1);
        changed.Status = SiloStatus.Active;
        changed.AddSuspector(Silo(2).SiloAddress, Started.AddSeconds(9));
        Assert.True(await table.UpdateRowAsync(changed, read.Version.VersionEtag, read.Version.Next(), Cancel));
        // The version is outdated.
        Assert.False(await table.UpdateRowAsync(changed, read.Version.VersionEtag, read.Version.Next(), Cancel));
        var again = await table.ReadAllAsync(Cancel);
        // The row does not exist.
        Assert.False(await table.UpdateRowAsync(Silo(3), again.Version.VersionEtag, again.Version.Next(), Cancel));
        Assert.Equal(2, (await table.ReadAllAsync(Cancel)).Version.Version);

        var row = Assert.Single(again.Members).Item1;
        Assert.Equal(Silo(1).SiloAddress, row.SiloAddress);
        Assert.Equal(
            (SiloStatus.Active, "silo1", "host", 30001), (row.Status, row.SiloName, row.HostName, row.ProxyPort));
        Assert.Equal((Started, Started), (row.StartTime, row.IAmAliveTime));
        Assert.Equal((Silo(2).SiloAddress, Started.AddSeconds(9)), Assert.Single(row.SuspectTimes!).ToValueTuple());
    }

    [Fact]
    public async Task Of_many_that_join_upon_one_version_one_gets_in()
    {
        var table = await Membership();
        var version = (await table.ReadAllAsync(Cancel)).Version.Next();

        var joined = await Task.WhenAll(
            Enumerable.Range(1, 8).Select(async n => await table.InsertRowAsync(Silo(n), version, Cancel)));

        Assert.Single(joined, static ok => ok);
        var read = await table.ReadAllAsync(Cancel);
        Assert.Single(read.Members);
        Assert.Equal(1, read.Version.Version);
    }

    [Fact]
    public async Task A_sign_of_life_leaves_the_version_and_a_row_is_read_alone()
    {
        var table = await Membership();
        var version = (await table.ReadAllAsync(Cancel)).Version.Next();
        await table.InsertRowAsync(Silo(1), version, Cancel);
        var alive = Silo(1);
        alive.IAmAliveTime = Started.AddMilliseconds(1);

        await table.UpdateIAmAliveAsync(alive, Cancel);

        var read = await table.ReadRowAsync(alive.SiloAddress, Cancel);
        Assert.Equal(alive.IAmAliveTime, Assert.Single(read.Members).Item1.IAmAliveTime);
        Assert.Equal(1, read.Version.Version);
        Assert.Empty((await table.ReadRowAsync(Silo(2).SiloAddress, Cancel)).Members);
    }

    [Fact]
    public async Task Only_the_dead_are_cleaned_away_and_only_old_ones()
    {
        var table = await Membership();
        foreach (var (number, status, alive) in new[]
        {
            (1, SiloStatus.Active, Started), (2, SiloStatus.Dead, Started), (3, SiloStatus.Dead, Started.AddDays(2)),
        })
        {
            var silo = Silo(number);
            (silo.Status, silo.IAmAliveTime) = (status, alive);
            Assert.True(await table.InsertRowAsync(silo, (await table.ReadAllAsync(Cancel)).Version.Next(), Cancel));
        }

        await table.CleanupDefunctSiloEntriesAsync(Started.AddDays(1), Cancel);

        var left = (await table.ReadAllAsync(Cancel)).Members.Select(static m => m.Item1.SiloName).Order();
        Assert.Equal(["silo1", "silo3"], left);
    }

    /// <summary>Orleans itself does not delete them.</summary>
    [Fact]
    public async Task Who_died_before_it_had_joined_is_forgotten_after_a_day()
    {
        var connection = database.NewDatabase();
        var options = new DatabaseOptions { Place = connection };
        Assert.Equal(0, Tables.LastGeneration(options, "test")); // The tables do not exist yet.
        var table = await Membership(connection);
        foreach (var (number, status, alive) in new[]
        {
            (1, SiloStatus.Active, Started), (2, SiloStatus.Joining, Started), (3, SiloStatus.Created, Started), (
                4, SiloStatus.Joining, DateTime.UtcNow),
        })
        {
            var silo = Silo(number);
            (silo.Status, silo.IAmAliveTime) = (status, alive);
            Assert.True(await table.InsertRowAsync(silo, (await table.ReadAllAsync(Cancel)).Version.Next(), Cancel));
        }

        await Tables.ForgetWhoNeverJoined(options, "another", Cancel);
        Assert.Equal(4, (await table.ReadAllAsync(Cancel)).Members.Count);
        await Tables.ForgetWhoNeverJoined(options, "test", Cancel);

        var left = (await table.ReadAllAsync(Cancel)).Members
            .Select(static m => m.Item1)
            .OrderBy(static m => m.SiloName, StringComparer.Ordinal)
            .ToList();
        Assert.Equal(["silo1", "silo4"], left.Select(static m => m.SiloName));
        Assert.Equal(left.Max(static m => m.SiloAddress.Generation), Tables.LastGeneration(options, "test"));
    }

    [Fact]
    public async Task Reminders_are_kept_found_by_hash_and_removed_only_as_they_were_read()
    {
        await using var cluster = await SiloWithProviders();
        var reminders = cluster.GetSiloServiceProvider().GetRequiredService<IReminderTable>();
        var grains = Enumerable.Range(0, 20).Select(static n => GrainId.Create("test", $"grain {n}")).ToList();
        var (first, period) = (grains[0], TimeSpan.FromDays(40)); // More milliseconds than an int can hold.
        foreach (var grain in grains)
        {
            await reminders.UpsertRow(
                new ReminderEntry { GrainId = grain, ReminderName = "a", StartAt = Started, Period = period }, Cancel);
        }

        var etag = await reminders.UpsertRow(
            new ReminderEntry { GrainId = first, ReminderName = "a", StartAt = Started.AddSeconds(1), Period = period },
            Cancel);
        await reminders.UpsertRow(
            new ReminderEntry { GrainId = first, ReminderName = "A", StartAt = Started, Period = period }, Cancel);

        var read = await reminders.ReadRow(first, "a", Cancel);
        Assert.Equal((Started.AddSeconds(1), period, etag), (read!.StartAt, read.Period, read.ETag));
        Assert.Equal(2, (await reminders.ReadRows(first, Cancel)).Reminders.Count);
        foreach (var (begin, end) in new[]
        {
            (0x40000000u, 0xC0000000u),
            (0xC0000000u, 0x40000000u),
            (0u, 0x80000000u),
        })
        {
            var expected = grains.Where(
                g => begin < end ? Hash(g) > begin && Hash(g) <= end : Hash(g) > begin || Hash(g) <= end);
            var found = (await reminders.ReadRows(begin, end, Cancel)).Reminders
                .Where(static r => r.ReminderName == "a")
                .Select(static r => r.GrainId);
            Assert.Equal(expected.OrderBy(Hash), found.OrderBy(Hash));
        }

        Assert.False(await reminders.RemoveRow(first, "a", "77", Cancel));
        Assert.True(await reminders.RemoveRow(first, "a", etag!, Cancel));
        Assert.Null(await reminders.ReadRow(first, "a", Cancel));

        static uint Hash(GrainId grain) => grain.GetUniformHashCode();
    }

    [Fact]
    public async Task A_grains_state_is_kept_whole_and_written_only_upon_what_was_read()
    {
        await using var cluster = await SiloWithProviders();
        var storage = cluster.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>("Default");
        var grain = GrainId.Create("test", "a grain with a key of any letter: Ä ☂ \u0001 '; drop");
        var mine = new GrainState<Notes>(new Notes { Text = new string('x', 200_000) }); // More than a BLOB can hold.
        await storage.WriteStateAsync("state", grain, mine);
        var other = await Read();
        Assert.Equal(mine.State!.Text, other.State?.Text);

        mine.State!.Text = "second";
        await storage.WriteStateAsync("state", grain, mine);
        other.State!.Text = "third";
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("state", grain, other));
        await Assert.ThrowsAsync<InconsistentStateException>(
            () => storage.WriteStateAsync("state", grain, new GrainState<Notes>(new Notes())));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("state", grain, other));
        Assert.Equal("second", (await Read()).State?.Text);
        Assert.False((await Read("another state")).RecordExists);

        await storage.ClearStateAsync("state", grain, mine);
        Assert.False((await Read()).RecordExists);
        mine.State!.Text = "after all";
        await storage.WriteStateAsync("state", grain, mine);
        Assert.Equal("after all", (await Read()).State?.Text);

        async Task<GrainState<Notes>> Read(string name = "state")
        {
            var state = new GrainState<Notes>();
            await storage.ReadStateAsync(name, grain, state);
            return state;
        }
    }

    [Fact]
    public async Task Many_processes_make_the_tables_at_once_and_once_more_changes_nothing()
    {
        var options = new DatabaseOptions { Place = database.NewDatabase() };

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Tables.Ensure(options, Cancel)));
        await Tables.Ensure(options, Cancel);

        await using var connection = await Open(options.Place);
        // One query is optional.
        Assert.Equal(ClusterTables.Queries.Length + 1L, await Count(connection, "select count(*) from OrleansQuery"));
    }

    [Fact]
    public async Task A_user_without_the_right_to_make_tables_is_told_of_the_script_and_needs_none_behind_it()
    {
        var owner = database.NewDatabase();
        var store = new ServerStoreOptions { ConnectionString = owner };
        await using (var empty = await Open(await WithDatabase(store)))
        {
            await Execute(empty, RestrictedUser(empty.Database));
        }

        var restricted = new DatabaseOptions { Place = Restricted(owner) };
        var error = await Assert.ThrowsAsync<StoreSchemaException>(() => Tables.Ensure(restricted, Cancel));
        Assert.Contains($"sql/{database.Server.Driver}/orleans.sql", error.Message, StringComparison.Ordinal);

        await using (var connection = await Open(owner))
        {
            await Execute(connection, StoreDrivers.All.Find(database.Server.Driver).ClusterSchema!);
            await Execute(connection, RestrictedUser(connection.Database));
        }

        await Tables.Ensure(restricted, Cancel);
    }

    protected abstract DbConnection Connect(string connectionString);

    /// <summary>Returns SQL that creates a user who may only read and write the existing tables.</summary>
    protected abstract string RestrictedUser(string name);

    protected abstract string Restricted(string connectionString);

    private static MembershipEntry Silo(int number) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 11000 + number, 1000 + number),
        SiloName = $"silo{number}",
        HostName = "host",
        Status = SiloStatus.Joining,
        ProxyPort = 30000 + number,
        StartTime = Started,
        IAmAliveTime = Started,
    };

    /// <summary>Creates the database without any table.</summary>
    private async Task<string> WithDatabase(ServerStoreOptions options)
    {
        await ServerSchemaOpener.CreateDatabase(database.Server.Driver, options);
        return options.ConnectionString;
    }

    private async Task<IMembershipTable> Membership(string? connectionString = null)
    {
        var options = new DatabaseOptions { Place = connectionString ?? database.NewDatabase() };
        await Tables.Ensure(options, Cancel);
        var services = new ServiceCollection().AddLogging();
        services.Configure<ClusterOptions>(static o => (o.ClusterId, o.ServiceId) = ("test", "test"));
        services.Configure<AdoNetClusteringSiloOptions>(o =>
            (o.Invariant, o.DataSource) = (Tables.Invariant, Tables.CreatePool(options)));
        var table = ActivatorUtilities.CreateInstance<AdoNetClusteringTable>(services.BuildServiceProvider());
        await table.InitializeMembershipTableAsync(true, Cancel);
        return table;
    }

    private async Task<InProcessTestCluster> SiloWithProviders()
    {
        var options = new DatabaseOptions { Place = database.NewDatabase() };
        await Tables.Ensure(options, Cancel);
        var pool = Tables.CreatePool(options);
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.UseAdoNetReminderService(o => (o.Invariant, o.DataSource) = (Invariant, pool));
            silo.AddAdoNetGrainStorageAsDefault(o => (o.Invariant, o.DataSource) = (Invariant, pool));
        });
        var cluster = builder.Build();
        await cluster.DeployAsync(Cancel);
        return cluster;
    }

    private async Task<DbConnection> Open(string connectionString)
    {
        var connection = Connect(connectionString);
        await connection.OpenAsync(Cancel);
        return connection;
    }

    private static async Task<long> Count(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(await command.ExecuteScalarAsync(Cancel), null);
    }

    private static async Task Execute(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }
}

/// <summary>The state of a user's grain.</summary>
public sealed class Notes
{
    public string Text { get; set; } = "";
}

internal static class ServerSchemaOpener
{
    public static Task CreateDatabase(string driver, ServerStoreOptions options) => Task.Run(() =>
    {
        ServerDialect dialect = driver == "mysql" ? new MySqlDialect() : new PostgresDialect();
        ServerSchema.Open(dialect, options, driver).Dispose();
    });
}
