using System.Data;
using System.Data.Common;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>Databases on servers, which allow concurrent writes and can be stopped.</summary>
public abstract class ServerBarrierTests(Bank bank) : BarrierTests(bank)
{
    private readonly string _gid = Calls.NewGid();

    [Fact]
    public async Task Who_is_cancelled_while_another_works_leaves_it_in_peace()
    {
        var (working, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var other = Bank.Connect();
        var first = Calls.Of(_gid, "action").CallAsync(
            other,
            async transaction =>
            {
                working.SetResult();
                await go.Task;
                await Bank.Move(transaction, -30);
            },
            Cancel);
        await working.Task.WaitAsync(Cancel);

        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        var second = Calls.Of(_gid, "action").CallAsync(connection, static t => Bank.Move(t, -30), cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(first.IsCompleted);

        go.SetResult();
        Assert.Equal(BarrierResult.Executed, await first);
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        Assert.Equal(
            BarrierResult.Duplicate,
            await Calls.Of(_gid, "action").CallAsync(connection, static t => Bank.Move(t, -30), Cancel));
    }

    [Fact]
    public async Task A_snapshot_older_than_the_row_hides_nothing()
    {
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, Cancel);
        await Read(transaction);
        Assert.Equal(BarrierResult.NullCompensation, await CallOf(Calls.Of(_gid, "compensate"), 30));

        var late = Calls.Of(_gid, "action").CallAsync(transaction, static t => Bank.Move(t, -30), Cancel);
        if (Bank.Dialect == BarrierDialect.PostgreSql)
        {
            // Serialization failure: the caller must start the transaction again.
            Assert.Equal("40001", (await Assert.ThrowsAnyAsync<DbException>(() => late)).SqlState);
            await transaction.RollbackAsync(Cancel);
        }
        else
        {
            Assert.Equal(BarrierResult.Hanging, await late);
            await transaction.CommitAsync(Cancel);
        }

        Assert.Equal(Bank.Start, await Bank.Balance());
    }

    [Fact]
    public async Task A_connection_that_dies_at_work_says_why_and_may_be_used_again()
    {
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await Assert.ThrowsAnyAsync<DbException>(() => Calls.Of(_gid, "action").CallAsync(
            connection,
            async transaction =>
            {
                await Bank.Move(transaction, -30);
                await Bank.Execute(connection, Bank.Suicide!, transaction);
            },
            Cancel));

        Assert.Equal(
            BarrierResult.Executed,
            await Calls.Of(_gid, "action").CallAsync(connection, static t => Bank.Move(t, -30), Cancel));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    private static async Task Read(DbTransaction transaction)
    {
        await using var command = transaction.Connection!.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, "select balance from account where id = 0");
        Assert.NotNull(await command.ExecuteScalarAsync(Cancel));
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbBarrierTests(DatabaseUnderTest<MariaDbServer> database)
    : MySqlDialectBarrierTests(new MariaDbBank(database));

[Collection(SharedMySql.Name)]
public sealed class MySqlBarrierTests(DatabaseUnderTest<MySqlServer> database)
    : MySqlDialectBarrierTests(new MySqlBank(database));

public abstract class MySqlDialectBarrierTests(MySqlDialectBank bank) : ServerBarrierTests(bank)
{
    /// <summary>Many collations ignore trailing spaces or case and would treat these gids as equal.</summary>
    [Fact]
    public async Task A_gid_with_a_space_at_its_end_is_another()
    {
        var gid = Calls.NewGid();
        foreach (var one in new[] { gid, gid + " ", gid.ToUpperInvariant() })
        {
            Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(one, "action"), -10));
        }

        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_deadlock_that_the_business_keeps_to_itself_is_no_success(bool own)
    {
        var gid = Calls.NewGid();
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await using var transaction = own ? null : await connection.BeginTransactionAsync(Cancel);
        var barrier = Calls.Of(gid, "action");
        var undone = await Assert.ThrowsAsync<DtmException>(
            () => own
                ? barrier.CallAsync(connection, Business, Cancel)
                : barrier.CallAsync(transaction!, Business, Cancel));
        Assert.Equal(gid, undone.Gid);
        Assert.Equal(Bank.Start - 30, await Bank.Balance());

        async Task Business(DbTransaction mine)
        {
            await Bank.Move(mine, -30, 1);
            await Deadlock(mine);
            // The deadlock removed the barrier's row, so the repeated call runs the business itself.
            Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(gid, "action"), -30));
        }
    }

    private async Task Deadlock(DbTransaction mine)
    {
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await using var other = await connection.BeginTransactionAsync(Cancel);
        for (var account = 2; account < 10; account++) // The transaction with fewer changes becomes the victim.
        {
            await Bank.Move(other, 1, account);
        }

        var crossing = Bank.Move(other, 1, 1);
        var victim = await Assert.ThrowsAnyAsync<DbException>(() => Bank.Move(mine, -30, 2));
        Assert.True(BarrierFaults.IsConflict(victim, Bank.Dialect));
        await crossing;
        await other.RollbackAsync(Cancel);
    }
}

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresBarrierTests(DatabaseUnderTest<XaPostgresServer> database)
    : ServerBarrierTests(new PostgresBank(database))
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_error_that_the_business_keeps_to_itself_is_no_success(bool own)
    {
        var gid = Calls.NewGid();
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await using (var transaction = own ? null : await connection.BeginTransactionAsync(Cancel))
        {
            var barrier = Calls.Of(gid, "action");
            var undone = await Assert.ThrowsAnyAsync<DbException>(
                () => own
                    ? barrier.CallAsync(connection, Business, Cancel)
                    : barrier.CallAsync(transaction!, Business, Cancel));
            Assert.Equal("25P02", undone.SqlState);
        }

        Assert.Empty(await Bank.BarrierRows(gid));
        Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(gid, "action"), -30));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());

        async Task Business(DbTransaction mine)
        {
            await Bank.Move(mine, -30);
            await Assert.ThrowsAnyAsync<DbException>(() => Bank.Execute(connection, "select nonsense", mine));
        }
    }
}

[Collection(SharedPgBouncer.Name)]
public sealed class PgBouncerBarrierTests(DatabaseUnderTest<PgBouncerServer> database)
    : BarrierTests(new PgBouncerBank(database));
