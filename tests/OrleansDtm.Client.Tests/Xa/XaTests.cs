using System.Data.Common;
using MySqlConnector;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Xa;

using Barriers = OrleansDtm.Client.Tests.Barrier.Calls;

/// <summary>XA branches on a real server: prepare, second phase, and visibility for other connections.</summary>
public abstract class XaTests(Bank bank) : IAsyncLifetime
{
    protected Bank Bank { get; } = bank;

    private readonly string _gid = Barriers.NewGid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Bank.Create();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Bank.DisposeAsync();
    }

    [Fact]
    public async Task What_is_prepared_is_seen_once_it_is_committed_however_often_that_is_asked()
    {
        var registered = 0;
        await Branch("action").HandleAsync(c => Move(c, -30), Register, Cancel);
        Assert.Equal((1, Bank.Start), (registered, await Bank.Balance()));

        for (var i = 0; i < 3; i++)
        {
            await Branch("commit").HandleAsync(Never, Unregistered, Cancel);
            Assert.Equal(Bank.Start - 30, await Bank.Balance());
        }

        await Branch("action").HandleAsync(Never, Unregistered, Cancel); // A very late repetition.
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        Assert.Equal([$"xa {_gid} 02 action 01 action"], await Bank.BarrierRows(_gid));
        await AccountIsFree();

        async Task Register(CancellationToken cancel)
        {
            Assert.Equal(Bank.Start, await Bank.Balance()); // The work is done but not visible yet.
            registered++;
        }
    }

    [Fact]
    public async Task The_same_gid_in_another_namespace_is_another_branch()
    {
        await In("", "action").HandleAsync(static c => Move(c, -1, 0), Registered, Cancel);
        await In("shop", "action").HandleAsync(static c => Move(c, -10, 1), Registered, Cancel);
        await In("shop", "rollback").HandleAsync(Never, Unregistered, Cancel);
        await In("", "commit").HandleAsync(Never, Unregistered, Cancel);
        await In("crm", "action").HandleAsync(static c => Move(c, -5, 0), Registered, Cancel);
        await In("crm", "commit").HandleAsync(Never, Unregistered, Cancel);
        Assert.Equal(Bank.Start - 6, await Bank.Balance());

        XaBranch In(string space, string op) =>
            new(new BranchContext("xa", _gid, "02", op) { Namespace = space }, Bank.Connect);
    }

    [Fact]
    public async Task What_is_rolled_back_is_gone_and_does_not_come_again()
    {
        await Branch("action").HandleAsync(c => Move(c, -30), Registered, Cancel);
        for (var i = 0; i < 3; i++)
        {
            await Branch("rollback").HandleAsync(Never, Unregistered, Cancel);
        }

        var late = await Assert.ThrowsAsync<BranchFailureException>(
            () => Branch("action").HandleAsync(Never, Unregistered, Cancel));
        Assert.Equal(_gid, late.Gid);
        var contradiction = await Assert.ThrowsAsync<DtmException>(() => Branch("commit").CommitAsync(Cancel));
        Assert.Equal(_gid, contradiction.Gid);
        Assert.Equal([$"xa {_gid} 02 action 01 rollback"], await Bank.BarrierRows(_gid));
        await AccountIsFree();
        Assert.Equal(Bank.Start, await Bank.Balance());
    }

    [Fact]
    public async Task A_rollback_before_the_prepare_keeps_it_out()
    {
        await Branch("rollback").RollbackAsync(Cancel);
        await Assert.ThrowsAsync<BranchFailureException>(
            () => Branch("action").PrepareAsync(Never, Unregistered, Cancel));
        await AccountIsFree();
    }

    [Fact]
    public async Task What_is_committed_is_never_reported_rolled_back()
    {
        await Branch("action").PrepareAsync(c => Move(c, -30), Registered, Cancel);
        await Branch("commit").CommitAsync(Cancel);
        await Assert.ThrowsAsync<DtmException>(() => Branch("rollback").RollbackAsync(Cancel));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    [Fact]
    public async Task What_was_never_prepared_is_never_reported_committed()
    {
        var ongoing = await Assert.ThrowsAsync<BranchOngoingException>(
            () => Branch("commit", patience: 100).CommitAsync(Cancel));
        Assert.Equal(_gid, ongoing.Gid);
        Assert.Empty(await Bank.BarrierRows(_gid));
        // The commit that came too early does not prevent the first phase.
        await Branch("action").PrepareAsync(c => Move(c, -30), Registered, Cancel);
        await Branch("commit").CommitAsync(Cancel);
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    [Fact]
    public async Task A_second_phase_during_the_first_asks_to_be_repeated_and_a_patient_one_waits()
    {
        var (working, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var prepare = Branch("action").PrepareAsync(
            async connection =>
            {
                await Move(connection, -30);
                working.SetResult();
                await go.Task;
            },
            Registered,
            Cancel);
        await working.Task.WaitAsync(Cancel);

        await Assert.ThrowsAsync<BranchOngoingException>(() => Branch("commit", patience: 100).CommitAsync(Cancel));
        await Assert.ThrowsAsync<BranchOngoingException>(() => Branch("rollback", patience: 100).RollbackAsync(Cancel));
        var commit = Branch("commit", patience: 20_000).CommitAsync(Cancel);
        go.SetResult();
        await prepare;
        await commit;
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    public async Task Of_concurrent_second_phases_all_are_told_the_truth(string op)
    {
        await Branch("action").PrepareAsync(c => Move(c, -30), Registered, Cancel);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(
            _ => Task.Run(() => Branch(op, patience: 20_000).HandleAsync(Never, Unregistered, Cancel), Cancel)));
        Assert.Equal(op == "commit" ? Bank.Start - 30 : Bank.Start, await Bank.Balance());
        await AccountIsFree();
    }

    [Fact]
    public async Task Of_concurrent_first_phases_one_works()
    {
        var ran = 0;
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                try
                {
                    await Branch("action").PrepareAsync(Business, Registered, Cancel);
                    return true;
                }
                catch (BranchOngoingException)
                {
                    return false;
                }
            },
            Cancel)));
        Assert.Contains(true, results);
        Assert.Equal(1, ran);
        await Branch("commit").CommitAsync(Cancel);
        Assert.Equal(Bank.Start - 30, await Bank.Balance());

        async Task Business(DbConnection connection)
        {
            Interlocked.Increment(ref ran);
            await Move(connection, -30);
        }
    }

    [Fact]
    public async Task Who_fails_or_is_cancelled_leaves_no_lock_and_may_try_again()
    {
        using var cancellation = new CancellationTokenSource();
        foreach (var fault in new Exception[] { new BranchFailureException("no money"), new InvalidCastException() })
        {
            Assert.Same(fault, await Assert.ThrowsAnyAsync<Exception>(
                () => Branch("action").PrepareAsync(c => Move(c, -30), _ => throw fault, Cancel)));
            await AccountIsFree();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Branch("action").PrepareAsync(
            async connection =>
            {
                await Move(connection, -30);
                await cancellation.CancelAsync();
            },
            Registered,
            cancellation.Token));
        await AccountIsFree();
        await Assert.ThrowsAnyAsync<DbException>(
            () => Branch("action").PrepareAsync(c => Bank.Execute(c, "select nonsense"), Registered, Cancel));
        await AccountIsFree();

        await Branch("action").PrepareAsync(c => Move(c, -30), Registered, Cancel);
        await Branch("commit").CommitAsync(Cancel);
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    public async Task A_database_that_dies_in_between_keeps_what_is_prepared(string op)
    {
        await Branch("action").PrepareAsync(c => Move(c, -30), Registered, Cancel);
        await KillAndRestart();
        await Poll.Until(
            async () =>
            {
                try
                {
                    await Branch(op, patience: 100).HandleAsync(Never, Unregistered, Cancel);
                    return true;
                }
                catch (Exception e) when (e is DbException or BranchOngoingException)
                {
                    return false; // The pool's connections are broken; the coordinator retries.
                }
            },
            Poll.Patience,
            static () => "the branch never ended",
            Cancel);
        Assert.Equal(op == "commit" ? Bank.Start - 30 : Bank.Start, await Bank.Balance());
        await AccountIsFree();
    }

    [Fact]
    public void Patience_is_over_before_the_coordinator_stops_listening() =>
        // Plus one second for a lock; the coordinator's default is three seconds.
        Assert.True(new XaOptions().Patience + TimeSpan.FromSeconds(1) < TimeSpan.FromSeconds(3));

    [Fact]
    public async Task Gids_of_any_kind_and_length_find_their_branch_and_nothing_else()
    {
        string[] gids =
        [
            $"{_gid}'; drop table account; --",
            $"{_gid}\\'",
            $"{_gid}😀",
            new string('x', 128 - _gid.Length) + _gid,
            new string('é', 128 - _gid.Length) + _gid,
        ];
        foreach (var gid in gids)
        {
            foreach (var branch in new[] { "01", "02" })
            {
                await Branch("action", gid, branch).PrepareAsync(
                    c => Move(c, -1, int.Parse(branch)), Registered, Cancel);
            }

            await Branch("commit", gid, "01").CommitAsync(Cancel);
            await Branch("rollback", gid, "02").RollbackAsync(Cancel);
        }

        Assert.Equal((Bank.Start - gids.Length, Bank.Start), (await Bank.Balance(1), await Bank.Balance(2)));
        Assert.Throws<ArgumentException>(() => Branch("action", "a\0b"));
        Assert.Throws<ArgumentException>(() => Branch("action", new string('x', 129)));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    public async Task What_a_client_of_DTM_prepared_is_finished_as_soon_as_it_can_be_seen(string op)
    {
        await using (var connection = NewUnpooled())
        {
            await connection.OpenAsync(Cancel);
            var mysql = Bank.Dialect == BarrierDialect.MySql;
            string[] statements =
            [
                mysql ? $"xa start '{_gid}-02'" : "begin",
                "insert into dtm_barrier.barrier (trans_type, gid, branch_id, op, barrier_id, reason) values ('xa', "
                + $"'{_gid}', '02', 'action', '01', 'action')",
                "update account set balance = balance - 30 where id = 0",
                mysql ? $"xa end '{_gid}-02'" : "select 1",
                mysql ? $"xa prepare '{_gid}-02'" : $"prepare transaction '{_gid}-02'",
            ];
            foreach (var statement in statements)
            {
                await Bank.Execute(connection, statement);
            }

            if (PreparedStaysWithItsConnection)
            {
                // While this connection is open, MariaDB answers "no such xid" on all others.
                await Assert.ThrowsAsync<BranchOngoingException>(
                    () => Branch(op, patience: 100).HandleAsync(Never, Unregistered, Cancel));
                Assert.Equal(Bank.Start, await Bank.Balance());
            }
        }

        await Branch(op, patience: 20_000).HandleAsync(Never, Unregistered, Cancel);
        Assert.Equal(op == "commit" ? Bank.Start - 30 : Bank.Start, await Bank.Balance());
        await AccountIsFree();
    }

    protected abstract Task KillAndRestart();

    protected virtual bool PreparedStaysWithItsConnection => false;

    private DbConnection NewUnpooled()
    {
        var connection = Bank.Connect();
        connection.ConnectionString += ";Pooling=false";
        return connection;
    }

    private static async Task Move(DbConnection connection, long amount, int account = 0) =>
        await Bank.Execute(connection, $"update account set balance = balance + ({amount}) where id = {account}");

    private static Task Registered(CancellationToken cancel) => Task.CompletedTask;

    private static Task Unregistered(CancellationToken cancel) =>
        throw new InvalidOperationException("It must not register again.");

    private static Task Never(DbConnection connection) =>
        throw new InvalidOperationException("The business must not run again.");

    private XaBranch Branch(string op, int patience) => Branch(op, _gid, "02", patience);

    private XaBranch Branch(string op, string? gid = null, string branch = "02", int patience = 2000) => new(
        new BranchContext("xa", gid ?? _gid, branch, op),
        Bank.Connect,
        new XaOptions { Patience = TimeSpan.FromMilliseconds(patience) });

    /// <summary>Asserts that the account is not locked: waits one second at most.</summary>
    private async Task AccountIsFree()
    {
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        if (Bank.Impatience is { } impatience)
        {
            await Bank.Execute(connection, impatience);
        }

        await Move(connection, 0);
    }
}

/// <summary>Uses a server of its own, because the tests kill it.</summary>
public sealed class MariaDbXaTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectXaTests<MariaDbServer>(database, new MariaDbBank(database)),
        IClassFixture<DatabaseUnderTest<MariaDbServer>>
{
    protected override bool PreparedStaysWithItsConnection => true;

    /// <summary>A second phase while the server closes that connection would orphan the prepared transaction.</summary>
    [Fact]
    public async Task When_the_first_phase_returns_its_connection_is_closed_on_the_server()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var watcher = Bank.Connect();
        await watcher.OpenAsync(cancel);
        for (var round = 0; round < 50; round++)
        {
            var (gid, session) = (Barriers.NewGid(), "");
            await Branch("action").PrepareAsync(
                async connection => session = $"{await Read(connection, "select connection_id()")}",
                static _ => Task.CompletedTask,
                cancel);

            Assert.Equal(
                0L, await Read(watcher, $"select count(*) from information_schema.processlist where id = {session}"));
            await Branch("rollback").RollbackAsync(cancel);

            XaBranch Branch(string op) => new(new BranchContext("xa", gid, "01", op), Bank.Connect);
        }

        async Task<object?> Read(DbConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return await command.ExecuteScalarAsync(cancel);
        }
    }
}

/// <inheritdoc cref="MariaDbXaTests"/>
public sealed class MySqlXaTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectXaTests<MySqlServer>(database, new MySqlBank(database)),
        IClassFixture<DatabaseUnderTest<MySqlServer>>;

public abstract class MySqlDialectXaTests<TServer>(DatabaseUnderTest<TServer> database, Bank bank) : XaTests(bank)
    where TServer : DatabaseServer, new()
{
    protected override async Task KillAndRestart()
    {
        await database.Server.Kill();
        await database.Server.Restart(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_is_not_prepared_yet_is_not_reported_committed_to_who_reads_uncommitted()
    {
        var cancel = TestContext.Current.CancellationToken;
        var gid = Barriers.NewGid();
        await new XaBranch(new BranchContext("xa", gid, "01", "action"), Bank.Connect).PrepareAsync(
            async _ => await Assert.ThrowsAsync<BranchOngoingException>(() => new XaBranch(
                new BranchContext("xa", gid, "01", "commit"),
                ReadUncommitted,
                new XaOptions { Patience = TimeSpan.FromMilliseconds(100) }).CommitAsync(cancel)),
            static _ => Task.CompletedTask,
            cancel);
        await new XaBranch(new BranchContext("xa", gid, "01", "commit"), ReadUncommitted).CommitAsync(cancel);

        DbConnection ReadUncommitted()
        {
            var connection = (MySqlConnection)Bank.Connect();
            connection.StateChange += (_, change) =>
            {
                if (change.CurrentState == System.Data.ConnectionState.Open)
                {
                    using var command = new MySqlCommand(
                        "set session transaction isolation level read uncommitted", connection);
                    command.ExecuteNonQuery();
                }
            };
            return connection;
        }
    }

    [Fact]
    public async Task Connections_of_a_data_source_leave_its_pool()
    {
        var cancel = TestContext.Current.CancellationToken;
        await Bank.Execute("create user careful identified by 's3cret'");
        await Bank.Execute("grant all on *.* to careful");
        var place = new MySqlConnectionStringBuilder(((MySqlConnection)Bank.Connect()).ConnectionString)
        {
            UserID = "careful",
            Password = "s3cret",
        };
        await using var source = new MySqlDataSource(place.ConnectionString);
        var gid = Barriers.NewGid();
        await new XaBranch(new BranchContext("xa", gid, "01", "action"), source.CreateConnection).PrepareAsync(
            static c => Bank.Execute(c, "update account set balance = balance - 30 where id = 0"),
            static _ => Task.CompletedTask,
            cancel);
        await new XaBranch(new BranchContext("xa", gid, "01", "commit"), source.CreateConnection).CommitAsync(cancel);
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }
}

/// <inheritdoc cref="MariaDbXaTests"/>
public sealed class PostgresXaTests(DatabaseUnderTest<XaPostgresServer> database)
    : XaTests(new PostgresBank(database)), IClassFixture<DatabaseUnderTest<XaPostgresServer>>
{
    [Fact]
    public async Task An_error_that_the_business_keeps_to_itself_leaves_nothing_to_register()
    {
        var cancel = TestContext.Current.CancellationToken;
        var branch = new XaBranch(new BranchContext("xa", Barriers.NewGid(), "01", "action"), Bank.Connect);
        var undone = await Assert.ThrowsAnyAsync<DbException>(() => branch.PrepareAsync(
            static async connection =>
            {
                await Bank.Execute(connection, "update account set balance = balance - 30 where id = 0");
                await Assert.ThrowsAnyAsync<DbException>(() => Bank.Execute(connection, "select nonsense"));
            },
            static _ => throw new InvalidOperationException("There is nothing to register."),
            cancel));
        Assert.Equal("25P02", undone.SqlState);
    }

    protected override async Task KillAndRestart()
    {
        await database.Server.Kill();
        await database.Server.Restart(TestContext.Current.CancellationToken);
    }
}

/// <summary>The first phase, the second phase and the query may use different sessions of the pooler.</summary>
public sealed class PgBouncerXaTests(DatabaseUnderTest<PgBouncerServer> database)
    : XaTests(new PgBouncerBank(database)), IClassFixture<DatabaseUnderTest<PgBouncerServer>>
{
    protected override async Task KillAndRestart()
    {
        await database.Server.Direct.Kill();
        await database.Server.Direct.Restart(TestContext.Current.CancellationToken);
    }
}
