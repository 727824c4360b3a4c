using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
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

        Assert.Equal(
            Bank.Start - 30, (await app.Dtm.WorkflowAsync("test", 0, Gid, Cancel)).EnsureSucceeded().Read<long>());

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
        await bank.Execute("update account set balance = balance where id in (0, 1)"); // No lock is held any more.
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
        await using var app = await Start(
            async workflow => await workflow.NewBranch().DoXaAsync(bank.Connect, async db =>
            {
                var left = await Move(db, -30, 0);
                return errors-- > 0 ? throw new InvalidOperationException("no power") : left;
            }));

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Dtm.WorkflowAsync("test", 0, Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(Bank.Start - 30, await bank.Balance(0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_dies_between_the_record_and_the_prepare_is_prepared_again_if_its_result_is_the_same(
        bool same)
    {
        using var dies = new CancellationTokenSource();
        var businesses = 0;
        await using var app = await Start(
            async workflow => await workflow.NewBranch().DoXaAsync(bank.Connect, async db =>
            {
                businesses++;
                return await Move(db, -30, 0) + (same ? 0 : businesses);
            }),
            services => services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(
                () => new DiesAfterTheRecord(dies)));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => app.Dtm.WorkflowAsync("test", 0, Gid, dies.Token));
        var end = await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel);

        Assert.Equal((same, 2), (end.Succeeded, businesses));
        Assert.Equal(same ? Bank.Start - 30 : Bank.Start, await bank.Balance(0));
        await bank.Execute("update account set balance = balance where id = 0"); // No lock is held any more.
    }

    [Fact]
    public async Task A_refusal_that_the_code_makes_good_leaves_the_rest_to_be_committed()
    {
        await using var app = await Start(async workflow =>
        {
            try
            {
                await workflow.NewBranch().DoXaAsync(bank.Connect, _ => throw new BranchFailureException("no"));
            }
            catch (BranchFailureException)
            {
                return await workflow.NewBranch().DoXaAsync(bank.Connect, db => Move(db, -30, 1));
            }

            return 0;
        });

        Assert.Equal(
            Bank.Start - 30, (await app.Dtm.WorkflowAsync("test", 0, Gid, Cancel)).EnsureSucceeded().Read<long>());
        Assert.Equal(Bank.Start - 30, await bank.Balance(1));
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
        return Convert.ToInt64(
            await command.ExecuteScalarAsync(Cancel), System.Globalization.CultureInfo.InvariantCulture);
    }

    private Task<WorkflowApp> Start(Func<Workflow, Task<long>> code, Action<IServiceCollection>? add = null) =>
        WorkflowApp.Start(coordinator.Url, services =>
        {
            services.AddWorkflow<int, long>("test", (workflow, _) => code(workflow));
            add?.Invoke(services);
        });

    /// <summary>Crashes when the coordinator has recorded the result of the business.</summary>
    private sealed class DiesAfterTheRecord(CancellationTokenSource dies) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.RequestUri!.AbsolutePath.EndsWith("/registerBranch", StringComparison.Ordinal))
            {
                await dies.CancelAsync();
            }

            return answer;
        }
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbWorkflowXaTests(RunningCoordinator coordinator, DatabaseUnderTest<MariaDbServer> database)
    : WorkflowXaTests(coordinator, new MariaDbBank(database));

[Collection(SharedMySql.Name)]
public sealed class MySqlWorkflowXaTests(RunningCoordinator coordinator, DatabaseUnderTest<MySqlServer> database)
    : WorkflowXaTests(coordinator, new MySqlBank(database));

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresWorkflowXaTests(
    RunningCoordinator coordinator, DatabaseUnderTest<XaPostgresServer> database)
    : WorkflowXaTests(coordinator, new PostgresBank(database));
