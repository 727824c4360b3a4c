using MySqlConnector;
using OrleansDtm.Client.Tests.Barrier;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Databases;

/// <summary>
/// The user's sessions start without autocommit, as a server or a pool may be configured. Changes that are reported as
/// done must be committed.
/// </summary>
public abstract class AutocommitOffTests(MySqlDialectBank bank) : IAsyncLifetime
{
    private readonly string _gid = Calls.NewGid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await bank.Create();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await bank.Execute("set global autocommit = 1");
        await bank.DisposeAsync();
    }

    [Fact]
    public async Task What_a_question_rules_out_stays_ruled_out()
    {
        Assert.Equal(BranchOutcome.Failure, await Query());
        Assert.Equal([$"msg {_gid} 00 msg 01 rollback"], await bank.BarrierRows(_gid));
        await Assert.ThrowsAsync<DtmConflictException>(Local);
        Assert.Equal(BranchOutcome.Failure, await Query());
    }

    [Fact]
    public async Task What_a_local_transaction_did_is_done_and_a_question_says_so()
    {
        Assert.Equal(BarrierResult.Executed, await Local());
        Assert.Equal(Bank.Start - 30, await bank.Balance());
        Assert.Equal(BranchOutcome.Success, await Query());
    }

    [Fact]
    public async Task A_question_leaves_no_transaction_on_a_connection_that_stays_open()
    {
        await using var connection = Off();
        await connection.OpenAsync(Cancel);
        Assert.Equal(BranchOutcome.Failure, await Calls.Of(_gid, "msg", "00").QueryPreparedAsync(connection, Cancel));
        await bank.Execute("update account set balance = 7 where id = 0");
        await using var command = connection.CreateCommand();
        command.CommandText = "select balance from account where id = 0";
        Assert.Equal(7L, await command.ExecuteScalarAsync(Cancel));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    public async Task Both_phases_of_XA_may_be_repeated(string op)
    {
        // This also applies to the first phase, which opens its own connection.
        await bank.Execute("set global autocommit = 0");
        await Xa("action").PrepareAsync(
            static c => Bank.Execute(c, "update account set balance = balance - 30 where id = 0"),
            static _ => Task.CompletedTask,
            Cancel);
        await bank.Execute("set global autocommit = 1");
        for (var i = 0; i < 3; i++)
        {
            await (op == "commit" ? Xa(op).CommitAsync(Cancel) : Xa(op).RollbackAsync(Cancel));
        }

        Assert.Equal(op == "commit" ? Bank.Start - 30 : Bank.Start, await bank.Balance());
        Assert.Equal(
            [$"xa {_gid} 02 action 01 {(op == "commit" ? "action" : "rollback")}"], await bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task A_second_phase_that_looks_more_than_once_finds_the_first()
    {
        await bank.Execute("set global autocommit = 0");
        var commit = Xa("commit", patience: 20_000).CommitAsync(Cancel); // Looks for the row before it exists.
        await Xa("action").PrepareAsync(
            static c => Bank.Execute(c, "update account set balance = balance - 30 where id = 0"),
            static _ => Task.CompletedTask,
            Cancel);
        await commit;
        Assert.Equal(Bank.Start - 30, await bank.Balance());
    }

    private MySqlConnection Off()
    {
        var connection = (MySqlConnection)bank.Connect();
        connection.StateChange += (_, change) =>
        {
            if (change.CurrentState == System.Data.ConnectionState.Open)
            {
                using var command = new MySqlCommand("set session autocommit = 0", connection);
                command.ExecuteNonQuery();
            }
        };
        return connection;
    }

    private XaBranch Xa(string op, int patience = 2000) =>
        new(
            new BranchContext("xa", _gid, "02", op),
            Off,
            new XaOptions { Patience = TimeSpan.FromMilliseconds(patience) });

    private async Task<BarrierResult> Local()
    {
        await using var connection = Off();
        return await BranchBarrier.ForMessage(_gid).CallAsync(connection, static t => Bank.Move(t, -30), Cancel);
    }

    private async Task<BranchOutcome> Query()
    {
        await using var connection = Off();
        return await Calls.Of(_gid, "msg", "00").QueryPreparedAsync(connection, Cancel);
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbAutocommitOffTests(DatabaseUnderTest<MariaDbServer> database)
    : AutocommitOffTests(new MariaDbBank(database));

[Collection(SharedMySql.Name)]
public sealed class MySqlAutocommitOffTests(DatabaseUnderTest<MySqlServer> database)
    : AutocommitOffTests(new MySqlBank(database));
