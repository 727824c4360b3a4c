using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;
using MySqlConnector;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.MySql;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>The tests that MySQL and MariaDB share.</summary>
public abstract class MySqlDialectTests<TServer>(DatabaseUnderTest<TServer> database) : ServerStoreTests
    where TServer : DatabaseServer, new()
{
    protected override string ConnectionString { get; } = database.NewDatabase();

    private protected override ServerDialect Dialect { get; } = new MySqlDialect();

    [Fact]
    public async Task BatchOverMaxAllowedPacket_IsSplit_AndOneWriteOverItIsRefusedAlone()
    {
        await using var connection = await Connect();
        var before = await Execute(connection, "select @@global.max_allowed_packet");
        await Execute(connection, "set global max_allowed_packet = 1048576");
        try
        {
            await Reopen();
            var writes = Enumerable.Range(0, 40)
                .Select(i => Write(StoredSamples.Insert(Heavy($"h{i}", i == 17 ? 2_000_000 : 100_000))))
                .ToArray();
            var error = await Assert.ThrowsAsync<StoreTooLargeException>(() => writes[17]);
            Assert.Contains("max_allowed_packet", error.Message, StringComparison.Ordinal);
            Assert.All(
                writes.Where(static (_, i) => i != 17),
                static w => Assert.Equal(WriteResult.Written, w.GetAwaiter().GetResult()));
            Assert.Null(await Store.Load("h17", Token));
            Assert.Equal(
                StoredSamples.Describe(Heavy("h39", 100_000)),
                StoredSamples.Describe((await Store.Load("h39", Token))!.Transaction));

            var all = Commit(
                [.. Enumerable.Range(0, 30).Select(static i => StoredSamples.Insert(Heavy($"o{i}", 90_000)))]);
            Assert.All(all, static r => Assert.Equal(WriteResult.Written, r));
            Assert.Equal(69, (await Store.CountUnfinished(StoredSamples.Start, Token)).Sum(static c => c.Count));
        }
        finally
        {
            await Execute(connection, $"set global max_allowed_packet = {before}");
        }
    }

    /// <summary>
    /// As on a Galera node: the increment of ids is not 1, and bodies must have the ids of their rows.
    /// </summary>
    [Fact]
    public async Task IdsInOtherSteps_KeepTheirBodies()
    {
        await using var connection = await Connect();
        await Execute(connection, "set global auto_increment_increment = 3, global auto_increment_offset = 2");
        try
        {
            var states = Enumerable.Range(0, 20).Select(static i => StoredSamples.Plain($"i{i}")).ToArray();
            Commit([.. states.Select(static s => StoredSamples.Insert(s))]);
            var updates = states.Select(
                static s => StoredSamples.Update(s, t => t with { Result = $"of {t.Definition.Gid}" })).ToArray();
            Assert.All(Commit(updates), static r => Assert.Equal(WriteResult.Written, r));
            foreach (var state in updates.Select(static u => u.Next))
            {
                Assert.Equal(
                    StoredSamples.Describe(state),
                    StoredSamples.Describe((await Store.Load(state.Definition.Gid, Token))!.Transaction));
            }
        }
        finally
        {
            await Execute(connection, "set global auto_increment_increment = 1, global auto_increment_offset = 1");
        }
    }

    protected override ServerTransactionStore Create(
        ServerStoreOptions options, ILogger<ServerTransactionStore> logger) =>
        StoreDrivers.MySql.Create(options, TimeProvider.System, logger);

    protected override string AnotherDatabase() => database.NewDatabase();

    protected override async Task<DbConnection> Connect()
    {
        var connection = new MySqlConnection(ConnectionString + ";Pooling=false;AllowUserVariables=true");
        await connection.OpenAsync(Token);
        return connection;
    }

    protected override async Task WaitForLockedWriter()
    {
        // Not innodb_trx, which shows a cached copy that is refreshed only after 0.1 s without a read.
        await using var connection = await Connect();
        await using var command = connection.CreateCommand();
        command.CommandText = "show global status like 'innodb_row_lock_current_waits'"; // for locks of any table
        await Poll.Until(Waits, Poll.Patience, static () => "no transaction waits for a lock", Token);

        async Task<bool> Waits()
        {
            await using var reader = await command.ExecuteReaderAsync(Token);
            return await reader.ReadAsync(Token)
                && Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture) > 0;
        }
    }

    protected override async Task KillConnections()
    {
        await using var connection = await Connect();
        await using var command = connection.CreateCommand();
        command.CommandText =
            "select id from information_schema.processlist where db = database() and id <> connection_id()";
        var ids = new List<long>();
        await using (var reader = await command.ExecuteReaderAsync(Token))
        {
            while (await reader.ReadAsync(Token))
            {
                ids.Add(reader.GetInt64(0));
            }
        }

        foreach (var id in ids)
        {
            try
            {
                await Execute(connection, $"kill {id}");
            }
            catch (MySqlException e) when (e.ErrorCode == MySqlErrorCode.NoSuchThread)
            {
                // It has ended by itself since it was listed.
            }
        }
    }

    protected override async Task<string> CreateLimitedUser(string connectionString)
    {
        await using var connection = await Connect();
        var name = $"u{Database(connectionString)}";
        await Execute(connection, $"create user {name}@'127.0.0.1' identified by 's3cret'");
        await Execute(
            connection,
            $"grant select, insert, update, delete on {Database(connectionString)}.* to {name}@'127.0.0.1'");
        return new MySqlConnectionStringBuilder(connectionString)
        {
            UserID = name,
            Password = "s3cret",
        }.ConnectionString;
    }

    protected override async Task SetReadOnly(bool value)
    {
        await using var connection = await Connect();
        await Execute(connection, $"set global read_only = {(value ? 1 : 0)}");
    }

    protected override async Task<string> Weaken()
    {
        await using var connection = await Connect();
        await Execute(connection, "set global innodb_flush_log_at_trx_commit = 2");
        return "innodb_flush_log_at_trx_commit=2";
    }

    protected override async Task Strengthen()
    {
        await using var connection = await Connect();
        await Execute(connection, "set global innodb_flush_log_at_trx_commit = 1");
    }

    /// <summary>A transaction with this many bytes that a command must escape.</summary>
    private static Transaction Heavy(string gid, int bytes) =>
        StoredSamples.Plain(gid) with { Result = string.Concat(Enumerable.Repeat("\\'\"x", bytes / 4)) };
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbStoreTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectTests<MariaDbServer>(database);

[Collection(SharedMySql.Name)]
public sealed class MySqlStoreTests(DatabaseUnderTest<MySqlServer> database) : MySqlDialectTests<MySqlServer>(database)
{
    /// <summary>MySQL writes a binary log by default, which must be durable too.</summary>
    protected override async Task<string> Weaken()
    {
        var redoLog = await base.Weaken();
        await using var connection = await Connect();
        await Execute(connection, "set global sync_binlog = 0");
        return $"{redoLog} (should be 1), sync_binlog=0 (should be 1)";
    }

    protected override async Task Strengthen()
    {
        await base.Strengthen();
        await using var connection = await Connect();
        await Execute(connection, "set global sync_binlog = 1");
    }
}
