using System.Data.Common;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Databases;
using OrleansDtm.Tests.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Workflows;

/// <summary>Steps that are XA transactions, on a real database.</summary>
public abstract class WorkflowXaTests(RunningCoordinator coordinator, Bank bank) : IAsyncLifetime
{
    private readonly string _gid = Guid.NewGuid().ToString("N");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TransOptions Gid => new() { Gid = _gid };

    [Fact]
    public async Task What_was_prepared_is_committed_when_the_workflow_has_come_through()
    {
        await using var app = await Start(async workflow =>
        {
            var left = await workflow.NewBranch().DoXaAsync(bank.Connect, db => Move(db, -30, 0));
            await workflow.NewBranch().DoXaAsync(bank.Connect, db => Move(db, 30, 1));
            Assert.Equal((Bank.Start, Bank.Start), (await bank.Balance(0), await bank.Balance(1)));
            return left;
        });

        Assert.Equal(Bank.Start - 30, (await app.Dtm.WorkflowAsync("test", 0, Gid, Cancel)).EnsureSucceeded().Read<long>());

        Assert.Equal((Bank.Start - 30, Bank.Start + 30), (await bank.Balance(0), await bank.Balance(1)));
    }

    [Fact]
    public async Task What_was_prepared_is_rolled_back_with_the_workflow()
    {
        await using var app = await Start(async workflow =>
        {
            await workflow.NewBranch().DoXaAsync(bank.Connect, db => Move(db, -30, 0));
            await workflow.NewBranch().DoXaAsync(bank.Connect, async db =>
            {
                await Move(db, 30, 1);
                throw new BranchFailureException("the account is closed");
            });
            return 0L;
        });

        Assert.Equal("the account is closed", (await app.Dtm.WorkflowAsync("test", 0, Gid, Cancel)).RollbackReason);

        Assert.Equal((Bank.Start, Bank.Start), (await bank.Balance(0), await bank.Balance(1)));
        await bank.Execute("update account set balance = balance where id in (0, 1)"); // Nothing holds the rows.
    }

    [Fact]
    public async Task One_that_is_interrupted_after_the_prepare_commits_once_and_keeps_its_result()
    {
        var (runs, businesses) = (0, 0);
        await using var app = await Start(async workflow =>
        {
            var left = await workflow.NewBranch().DoXaAsync(bank.Connect, db =>
            {
                businesses++;
                return Move(db, -30, 0);
            });
            return runs++ == 0 ? throw new InvalidOperationException("crash") : left;
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", 0, Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);

        Assert.Equal((1, Bank.Start - 30), (businesses, await bank.Balance(0)));
        Assert.Equal(Bank.Start - 30, (await app.Dtm.WorkflowAsync("test", 0, Gid, Cancel)).Read<long>());
    }

    [Fact]
    public async Task An_error_in_the_business_leaves_nothing_behind_and_it_is_done_again()
    {
        var errors = 1;
        await using var app = await Start(async workflow => await workflow.NewBranch().DoXaAsync(bank.Connect, async db =>
        {
            var left = await Move(db, -30, 0);
            return errors-- > 0 ? throw new InvalidOperationException("no power") : left;
        }));

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", 0, Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(Bank.Start - 30, await bank.Balance(0));
    }

    public async ValueTask InitializeAsync() => await bank.Create();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await bank.DisposeAsync();
    }

    private static async Task<long> Move(DbConnection db, long amount, int account)
    {
        await Bank.Execute(db, $"update account set balance = balance + ({amount}) where id = {account}");
        await using var command = db.CreateCommand();
        command.CommandText = $"select balance from account where id = {account}";
        return Convert.ToInt64(await command.ExecuteScalarAsync(Cancel), System.Globalization.CultureInfo.InvariantCulture);
    }

    private Task<WorkflowApp> Start(Func<Workflow, Task<long>> code) =>
        WorkflowApp.Start(coordinator.Url, services => services.AddWorkflow<int, long>("test", (workflow, _) => code(workflow)));
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbWorkflowXaTests(RunningCoordinator coordinator, DatabaseUnderTest<MariaDbServer> database)
    : WorkflowXaTests(coordinator, new MariaDbBank(database));

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresWorkflowXaTests(RunningCoordinator coordinator, DatabaseUnderTest<XaPostgresServer> database)
    : WorkflowXaTests(coordinator, new PostgresBank(database));
