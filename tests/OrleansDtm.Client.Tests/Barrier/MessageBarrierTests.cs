using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>The local transaction of a message, and the query whether it was committed.</summary>
public abstract class MessageBarrierTests(Bank bank) : IAsyncLifetime
{
    private readonly string _gid = Calls.NewGid();

    protected Bank Bank { get; } = bank;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Bank.Create();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Bank.DisposeAsync();
    }

    [Fact]
    public async Task Once_committed_it_was_meant_and_is_not_done_again()
    {
        Assert.Equal(BarrierResult.Executed, await Local());
        Assert.Equal(BranchOutcome.Success, await Query());
        Assert.Equal(BranchOutcome.Success, await Query());

        var again = await Assert.ThrowsAsync<DtmConflictException>(Local);
        Assert.Equal((_gid, "msg"), (again.Gid, again.Reason));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        Assert.Equal([$"msg {_gid} 00 msg 01 msg"], await Bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task What_is_tried_again_is_what_is_asked_for()
    {
        var barrier = BranchBarrier.ForMessage(_gid);
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        foreach (var commits in new[] { false, true })
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancel);
            Assert.Equal(
                BarrierResult.Executed, await barrier.CallAsync(transaction, static t => Bank.Move(t, -30), Cancel));
            await (commits ? transaction.CommitAsync(Cancel) : transaction.RollbackAsync(Cancel));
        }

        Assert.Equal(BranchOutcome.Success, await Query());
        Assert.Equal([$"msg {_gid} 00 msg 01 msg"], await Bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task Once_asked_for_in_vain_it_is_ruled_out()
    {
        Assert.Equal(BranchOutcome.Failure, await Query());

        var late = await Assert.ThrowsAsync<DtmConflictException>(Local);
        Assert.Equal((_gid, "rollback"), (late.Gid, late.Reason));
        Assert.Equal(BranchOutcome.Failure, await Query());
        Assert.Equal(Bank.Start, await Bank.Balance());
        Assert.Equal([$"msg {_gid} 00 msg 01 rollback"], await Bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task A_local_transaction_that_fails_can_be_ruled_out()
    {
        await using var connection = Bank.Connect();
        await Assert.ThrowsAsync<BranchFailureException>(() => BranchBarrier.ForMessage(_gid).CallAsync(
            connection, static _ => throw new BranchFailureException("no"), Cancel));
        Assert.Equal(BranchOutcome.Failure, await Query());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_it_is_under_way_the_question_waits_for_the_truth(bool commits)
    {
        var (working, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var connection = Bank.Connect();
        var local = Task.Run(() => BranchBarrier.ForMessage(_gid).CallAsync(connection, Business, Cancel), Cancel);
        await working.Task.WaitAsync(Cancel);
        var query = Task.Run(Query, Cancel);
        await Poll.Settle(TimeSpan.FromMilliseconds(200), Cancel);
        Assert.False(query.IsCompleted);
        go.SetResult();

        if (commits)
        {
            Assert.Equal(BarrierResult.Executed, await local);
        }
        else
        {
            await Assert.ThrowsAsync<BranchFailureException>(() => local);
        }

        Assert.Equal(commits ? BranchOutcome.Success : BranchOutcome.Failure, await query);
        Assert.Equal(commits ? Bank.Start - 30 : Bank.Start, await Bank.Balance());

        async Task Business(System.Data.Common.DbTransaction transaction)
        {
            working.SetResult();
            await go.Task;
            await Bank.Move(transaction, -30);
            if (!commits)
            {
                throw new BranchFailureException("changed my mind");
            }
        }
    }

    protected async Task<BarrierResult> Local()
    {
        await using var connection = Bank.Connect();
        return await BranchBarrier.ForMessage(_gid).CallAsync(connection, static t => Bank.Move(t, -30), Cancel);
    }

    /// <summary>Queries as the coordinator does: branch 00, op msg.</summary>
    protected async Task<BranchOutcome> Query()
    {
        await using var connection = Bank.Connect();
        return await Calls.Of(_gid, "msg", "00").QueryPreparedAsync(connection, Cancel);
    }
}

/// <summary>Databases on servers, where a lock timeout can be set.</summary>
public abstract class ServerMessageBarrierTests(Bank bank) : MessageBarrierTests(bank)
{
    [Fact]
    public async Task What_does_not_end_is_ongoing()
    {
        var gid = Calls.NewGid();
        await using var holder = Bank.Connect();
        await holder.OpenAsync(Cancel);
        await using var transaction = await holder.BeginTransactionAsync(Cancel);
        await BranchBarrier.ForMessage(gid).CallAsync(transaction, static t => Bank.Move(t, -30), Cancel);

        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await Bank.Execute(connection, Bank.Impatience!);
        Assert.Equal(BranchOutcome.Ongoing, await Calls.Of(gid, "msg", "00").QueryPreparedAsync(connection, Cancel));
        var held = await Assert.ThrowsAsync<BranchOngoingException>(
            () => BranchBarrier.ForMessage(gid).CallAsync(connection, static t => Bank.Move(t, -30), Cancel));
        Assert.Equal(gid, held.Gid);

        await transaction.CommitAsync(Cancel);
        Assert.Equal(BranchOutcome.Success, await Calls.Of(gid, "msg", "00").QueryPreparedAsync(connection, Cancel));
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbMessageBarrierTests(DatabaseUnderTest<MariaDbServer> database)
    : ServerMessageBarrierTests(new MariaDbBank(database));

[Collection(SharedMySql.Name)]
public sealed class MySqlMessageBarrierTests(DatabaseUnderTest<MySqlServer> database)
    : ServerMessageBarrierTests(new MySqlBank(database));

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresMessageBarrierTests(DatabaseUnderTest<XaPostgresServer> database)
    : ServerMessageBarrierTests(new PostgresBank(database));

public sealed class SqliteMessageBarrierTests() : MessageBarrierTests(new SqliteBank());

[Collection(SharedPgBouncer.Name)]
public sealed class PgBouncerMessageBarrierTests(DatabaseUnderTest<PgBouncerServer> database)
    : MessageBarrierTests(new PgBouncerBank(database));
