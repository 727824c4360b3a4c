using System.Data;
using System.Data.Common;
using OrleansDtm.Client.Tests.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>The calls that the barrier lets through, and that it leaves no transaction or lock behind.</summary>
public abstract class BarrierTests(Bank bank) : IAsyncLifetime
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

    [Theory]
    [InlineData(IsolationLevel.ReadCommitted, "action")]
    [InlineData(IsolationLevel.RepeatableRead, "action")]
    [InlineData(IsolationLevel.Unspecified, "compensate")]
    public async Task Of_64_calls_at_once_one_takes_effect(IsolationLevel isolation, string op)
    {
        var origin = op == "compensate" ? await Call("action", -30) : BarrierResult.Executed;
        var results = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(_ => Task.Run(() => Call(op, 30, isolation), Cancel)));

        Assert.Equal(BarrierResult.Executed, origin);
        Assert.Single(results, BarrierResult.Executed);
        Assert.Equal(63, results.Count(static r => r == BarrierResult.Duplicate));
        Assert.Equal(op == "compensate" ? Bank.Start : Bank.Start + 30, await Bank.Balance());
    }

    [Theory]
    [InlineData("compensate", "action")]
    [InlineData("cancel", "try")]
    [InlineData("rollback", "action")]
    public async Task Of_64_compensations_before_the_action_none_takes_effect_nor_does_the_action(
        string back, string forth)
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => Call(back, 30), Cancel)));

        Assert.Single(results, BarrierResult.NullCompensation);
        Assert.Equal(63, results.Count(static r => r == BarrierResult.Duplicate));
        Assert.Equal(BarrierResult.Hanging, await Call(forth, -30));
        Assert.Equal(Bank.Start, await Bank.Balance());
        var type = Calls.Of(_gid, back).Context.TransType;
        Assert.Equal(
            [$"{type} {_gid} 01 {forth} 01 {back}", $"{type} {_gid} 01 {back} 01 {back}"],
            (await Bank.BarrierRows(_gid))
                .Order(StringComparer.Ordinal)
                .OrderByDescending(row => row.Contains($" 01 {forth} 01", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("action", "compensate")]
    [InlineData("try", "cancel")]
    [InlineData("action", "rollback")]
    public async Task What_was_done_is_taken_back_once_and_stays_so(string forth, string back)
    {
        Assert.Equal(BarrierResult.Executed, await Call(forth, -30));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        Assert.Equal(BarrierResult.Executed, await Call(back, 30));
        Assert.Equal(BarrierResult.Duplicate, await Call(back, 30));
        Assert.Equal(BarrierResult.Duplicate, await Call(forth, -30));
        Assert.Equal(Bank.Start, await Bank.Balance());
        Assert.Equal(
            [$"{forth} 01 {forth}", $"{back} 01 {back}"],
            (await Bank.BarrierRows(_gid)).Select(static row => string.Join(' ', row.Split(' ')[3..])));
    }

    [Fact]
    public async Task Who_fails_leaves_neither_a_row_nor_a_lock_and_an_open_connection_open()
    {
        Exception[] faults =
        [
            new BranchFailureException("no money"),
            new BranchOngoingException("later"),
            new InvalidCastException(),
            new OperationCanceledException(),
        ];
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        foreach (var fault in faults)
        {
            var thrown = await Assert.ThrowsAnyAsync<Exception>(() => Calls.Of(_gid, "action").CallAsync(
                connection,
                async transaction =>
                {
                    await Bank.Move(transaction, -30);
                    throw fault;
                },
                Cancel));
            Assert.Same(fault, thrown);
            Assert.Empty(await Bank.BarrierRows(_gid));
            Assert.Equal(ConnectionState.Open, connection.State);
        }

        // Another connection can lock the row, so the first connection has no open transaction.
        Assert.Equal(BarrierResult.Executed, await Call("action", -30).WaitAsync(TimeSpan.FromSeconds(10), Cancel));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        await using var next = await connection.BeginTransactionAsync(Cancel);
        Assert.Equal(
            BarrierResult.Executed,
            await Calls.Of(_gid, "compensate").CallAsync(next, static t => Bank.Move(t, 30), Cancel));
        await next.CommitAsync(Cancel);
        Assert.Equal(Bank.Start, await Bank.Balance());
    }

    [Fact]
    public async Task The_next_one_works_where_the_first_failed_while_they_waited()
    {
        var failures = 5;
        var results = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Task.Run(
            async () =>
            {
                try
                {
                    return (await Call("action", transaction => Interlocked.Decrement(ref failures) >= 0
                        ? throw new BranchFailureException("not yet")
                        : Bank.Move(transaction, -30))).ToString();
                }
                catch (BranchFailureException)
                {
                    return "failed";
                }
            },
            Cancel)));

        Assert.Equal(5, results.Count(static r => r == "failed"));
        Assert.Single(results, nameof(BarrierResult.Executed));
        Assert.Equal(18, results.Count(static r => r == nameof(BarrierResult.Duplicate)));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
    }

    [Fact]
    public async Task In_the_callers_transaction_it_is_the_caller_who_decides()
    {
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        await using (var transaction = await connection.BeginTransactionAsync(Cancel))
        {
            Assert.Equal(
                BarrierResult.Executed,
                await Calls.Of(_gid, "action").CallAsync(transaction, static t => Bank.Move(t, -30), Cancel));
            await transaction.RollbackAsync(Cancel);
        }

        Assert.Equal(Bank.Start, await Bank.Balance());
        foreach (var expected in new[] { BarrierResult.Executed, BarrierResult.Duplicate })
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancel);
            Assert.Equal(
                expected, await Calls.Of(_gid, "action").CallAsync(transaction, static t => Bank.Move(t, -30), Cancel));
            await transaction.CommitAsync(Cancel);
        }

        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        await using var ended = await connection.BeginTransactionAsync(Cancel);
        await ended.CommitAsync(Cancel);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Calls.Of(_gid, "action").CallAsync(ended, static t => Bank.Move(t, -30), Cancel));
    }

    [Fact]
    public async Task A_missing_table_is_named_with_what_creates_it()
    {
        foreach (var table in (string[])["no_barrier_here", "no_schema.no_barrier_here"])
        {
            if (Bank.Dialect == BarrierDialect.Sqlite && table.Contains('.', StringComparison.Ordinal))
            {
                continue; // It has no schemas.
            }

            await using var connection = Bank.Connect();
            var barrier = new BranchBarrier(
                new BranchContext("saga", _gid, "01", "action"), new BarrierOptions { Table = table });
            var missing = await Assert.ThrowsAsync<BarrierTableMissingException>(
                () => barrier.CallAsync(connection, static t => Bank.Move(t, -30), Cancel));
            Assert.Equal(table, missing.Table);
            Assert.Contains("BarrierSchema.CreateAsync", missing.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Bank.Start, await Bank.Balance());
    }

    [Fact]
    public async Task Barriers_of_one_call_count_and_a_repetition_meets_each()
    {
        foreach (var expected in new[] { BarrierResult.Executed, BarrierResult.Duplicate })
        {
            var barrier = Calls.Of(_gid, "action");
            await using var connection = Bank.Connect();
            Assert.Equal(expected, await barrier.CallAsync(connection, static t => Bank.Move(t, -30, 1), Cancel));
            Assert.Equal(expected, await barrier.CallAsync(connection, static t => Bank.Move(t, 30, 2), Cancel));
            Assert.Equal(ConnectionState.Closed, connection.State);
        }

        Assert.Equal((Bank.Start - 30, Bank.Start + 30), (await Bank.Balance(1), await Bank.Balance(2)));
        Assert.Equal(
            [$"saga {_gid} 01 action 01 action", $"saga {_gid} 01 action 02 action"], await Bank.BarrierRows(_gid));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_failed_is_the_same_barrier_when_the_call_tries_it_again(bool own)
    {
        var barrier = Calls.Of(_gid, "action");
        await using var connection = Bank.Connect();
        for (var i = 0; i < 2; i++)
        {
            await Assert.ThrowsAsync<InvalidCastException>(() => Try(barrier, throws: true));
        }

        Assert.Equal(BarrierResult.Executed, await Try(barrier));
        Assert.Equal(
            [$"saga {_gid} 01 action 01 action", $"saga {_gid} 01 action 02 action"], await Bank.BarrierRows(_gid));

        Assert.Equal(BarrierResult.Duplicate, await Try(Calls.Of(_gid, "action")));
        Assert.Equal(Bank.Start - 30, await Bank.Balance());
        Assert.Equal(BarrierResult.Executed, await Try(Calls.Of(_gid, "compensate"), 30));
        Assert.Equal(Bank.Start, await Bank.Balance());

        Task<BarrierResult> Try(BranchBarrier tried, long amount = -30, bool throws = false) => own
            ? InOwn(tried, transaction => Business(transaction, tried, amount, throws))
            : InCallers(tried, transaction => Business(transaction, tried, amount, throws));

        async Task<BarrierResult> InOwn(BranchBarrier tried, Func<DbTransaction, Task> business) =>
            await tried.CallAsync(connection, business, Cancel);

        async Task<BarrierResult> InCallers(BranchBarrier tried, Func<DbTransaction, Task> business)
        {
            await using var opened = Bank.Connect();
            await opened.OpenAsync(Cancel);
            await using var transaction = await opened.BeginTransactionAsync(Cancel);
            var result = await tried.CallAsync(transaction, business, Cancel);
            await transaction.CommitAsync(Cancel);
            return result;
        }

        // A nested call must get the same barrier id again too.
        static async Task Business(DbTransaction transaction, BranchBarrier tried, long amount, bool throws)
        {
            await tried.CallAsync(transaction, inner => Bank.Move(inner, amount), Cancel);
            if (throws)
            {
                throw new InvalidCastException();
            }
        }
    }

    [Fact]
    public async Task A_named_barrier_is_one_whatever_became_of_the_callers_commit()
    {
        var barrier = Calls.Of(_gid, "action").Named("01");
        await using var connection = Bank.Connect();
        await connection.OpenAsync(Cancel);
        foreach (var (commits, expected) in new[]
        {
            (false, BarrierResult.Executed),
            (true, BarrierResult.Executed),
            (true, BarrierResult.Duplicate),
        })
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancel);
            Assert.Equal(expected, await barrier.CallAsync(transaction, static t => Bank.Move(t, -30), Cancel));
            await (commits ? transaction.CommitAsync(Cancel) : transaction.RollbackAsync(Cancel));
        }

        Assert.Equal(BarrierResult.Duplicate, await Call("action", -30));
        Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(_gid, "action").Named("gift"), 1));
        Assert.Equal(
            [$"saga {_gid} 01 action 01 action", $"saga {_gid} 01 action gift action"], await Bank.BarrierRows(_gid));
        Assert.Equal(Bank.Start - 29, await Bank.Balance());
    }

    [Fact]
    public async Task Branches_and_gids_are_told_apart_whatever_they_are_made_of()
    {
        string[] gids =
        [
            $"{_gid}'; drop table account; --", $"{_gid}\\", $"{_gid}\"😀", $"{_gid}A", $"{_gid}a", $"{_gid}%",
        ];
        foreach (var gid in gids)
        {
            Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(gid, "action"), -1));
            Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(gid, "action", "02"), -1));
            Assert.Equal(BarrierResult.Duplicate, await CallOf(Calls.Of(gid, "action"), -1));
            Assert.Equal(BarrierResult.Executed, await CallOf(Calls.Of(gid, "compensate"), 1));
        }

        Assert.Equal(Bank.Start - gids.Length, await Bank.Balance());
    }

    [Fact]
    public async Task Another_table_is_created_once_and_used()
    {
        var options = new BarrierOptions
        {
            Table = Bank.Dialect == BarrierDialect.Sqlite ? "my_barrier" : "own_schema.my_barrier",
        };
        await using var connection = Bank.Connect();
        await BarrierSchema.CreateAsync(connection, options, Cancel);
        await BarrierSchema.CreateAsync(connection, options, Cancel);
        var context = new BranchContext("saga", _gid, "01", "action");
        Assert.Equal(
            BarrierResult.Executed,
            await new BranchBarrier(context, options).CallAsync(connection, static t => Bank.Move(t, -30), Cancel));

        Assert.Equal("action", await Bank.Scalar($"select reason from {options.Table} where gid = '{_gid}'"));
        Assert.Empty(await Bank.BarrierRows(_gid));
        if (Bank.Dialect == BarrierDialect.MySql)
        {
            // The server is shared, so the extra database must be dropped.
            await Bank.Execute("drop database own_schema");
        }
    }

    [Fact]
    public async Task The_same_gid_in_another_namespace_is_another_call()
    {
        foreach (var space in new[] { "", "shop", "crm" })
        {
            Assert.Equal(BarrierResult.Executed, await CallOf(In(space, "action"), -10));
            Assert.Equal(BarrierResult.Duplicate, await CallOf(In(space, "action"), -10));
            Assert.Equal(BarrierResult.Executed, await CallOf(BranchBarrier.OfMessage(_gid, space, null), -1));
            await using var connection = Bank.Connect();
            var message = new BranchBarrier(new BranchContext("msg", _gid, "00", "msg") { Namespace = space });
            Assert.Equal(BranchOutcome.Success, await message.QueryPreparedAsync(connection, Cancel));
            var conflict = await Assert.ThrowsAsync<DtmConflictException>(
                () => CallOf(BranchBarrier.OfMessage(_gid, space, null), -1));
            Assert.Equal((_gid, $"The local transaction of {_gid} has been done before."), (
                conflict.Gid, conflict.Message));
        }

        Assert.Equal(BarrierResult.NullCompensation, await CallOf(In("hr", "compensate"), 10));
        Assert.Equal(BarrierResult.Hanging, await CallOf(In("hr", "action"), -10));
        Assert.Equal(BarrierResult.Executed, await CallOf(In("shop", "compensate"), 10));
        Assert.Equal(Bank.Start - 23, await Bank.Balance());
        Assert.Throws<ArgumentException>(() => new BranchBarrier(
            new BranchContext("saga", new string('g', 123), "01", "action") { Namespace = "shop" }));

        BranchBarrier In(string space, string op) =>
            new(new BranchContext("saga", _gid, "01", op) { Namespace = space });
    }

    private Task<BarrierResult> Call(string op, long amount, IsolationLevel isolation = IsolationLevel.Unspecified) =>
        CallOf(Calls.Of(_gid, op), amount, isolation);

    protected async Task<BarrierResult> CallOf(
        BranchBarrier barrier, long amount, IsolationLevel isolation = IsolationLevel.Unspecified)
    {
        await using var connection = Bank.Connect();
        return await barrier.CallAsync(connection, isolation, transaction => Bank.Move(transaction, amount), Cancel);
    }

    private async Task<BarrierResult> Call(string op, Func<DbTransaction, Task> business)
    {
        await using var connection = Bank.Connect();
        return await Calls.Of(_gid, op).CallAsync(connection, business, Cancel);
    }
}

public sealed class SqliteBarrierTests() : BarrierTests(new SqliteBank());
