using System.Transactions;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>
/// In a TransactionScope the barrier's rows are committed or rolled back with the scope, wherever the connection was
/// opened.
/// </summary>
public abstract class ScopeBarrierTests(Bank bank) : IAsyncLifetime
{
    private readonly string _gid = Calls.NewGid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await bank.Create();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return bank.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_a_completed_scope_counts(bool openedBefore)
    {
        Assert.Equal(BarrierResult.Executed, await Call("action", openedBefore, complete: false));
        Assert.Empty(await bank.BarrierRows(_gid));
        Assert.Equal(Bank.Start, await bank.Balance());

        Assert.Equal(BarrierResult.Executed, await Call("action", openedBefore, complete: true));
        Assert.Equal(BarrierResult.Duplicate, await Call("action", openedBefore, complete: true));
        Assert.Equal(Bank.Start - 30, await bank.Balance());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_null_compensation_stays_when_the_scope_is_completed(bool openedBefore)
    {
        Assert.Equal(BarrierResult.NullCompensation, await Call("compensate", openedBefore, complete: true));
        Assert.Equal(BarrierResult.Hanging, await Call("action", openedBefore, complete: true));
        Assert.Equal(Bank.Start, await bank.Balance());
    }

    [Fact]
    public async Task What_failed_is_the_same_barrier_when_the_call_tries_it_again()
    {
        var barrier = Calls.Of(_gid, "action");
        await Assert.ThrowsAsync<InvalidCastException>(() => Try(static () => throw new InvalidCastException()));
        await Try(static () => Task.CompletedTask, complete: false);
        await Try(static () => Task.CompletedTask);
        await Try(static () => Task.CompletedTask);
        Assert.Equal(
            [$"saga {_gid} 01 action 01 action", $"saga {_gid} 01 action 02 action"], await bank.BarrierRows(_gid));

        async Task Try(Func<Task> business, bool complete = true)
        {
            await using var connection = bank.Connect();
            using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
            Assert.Equal(BarrierResult.Executed, await barrier.CallInScopeAsync(connection, business, Cancel));
            if (complete)
            {
                scope.Complete();
            }
        }
    }

    [Fact]
    public async Task Without_a_scope_nothing_happens()
    {
        await using var connection = bank.Connect();
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Calls.Of(_gid, "action").CallInScopeAsync(connection, () => Task.CompletedTask, Cancel));
        Assert.Empty(await bank.BarrierRows(_gid));
    }

    private async Task<BarrierResult> Call(string op, bool openedBefore, bool complete)
    {
        await using var connection = bank.Connect();
        if (openedBefore)
        {
            await connection.OpenAsync(Cancel);
        }

        using var scope = new TransactionScope(
            TransactionScopeOption.RequiresNew,
            new System.Transactions.TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted },
            TransactionScopeAsyncFlowOption.Enabled);
        var result = await Calls.Of(_gid, op).CallInScopeAsync(
            connection,
            () => Bank.Execute(connection, "update account set balance = balance - 30 where id = 0"),
            Cancel);
        if (complete)
        {
            scope.Complete();
        }

        return result;
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbScopeBarrierTests(DatabaseUnderTest<MariaDbServer> database)
    : ScopeBarrierTests(new MariaDbBank(database));

[Collection(SharedMySql.Name)]
public sealed class MySqlScopeBarrierTests(DatabaseUnderTest<MySqlServer> database)
    : ScopeBarrierTests(new MySqlBank(database));

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresScopeBarrierTests(DatabaseUnderTest<XaPostgresServer> database)
    : ScopeBarrierTests(new PostgresBank(database));
