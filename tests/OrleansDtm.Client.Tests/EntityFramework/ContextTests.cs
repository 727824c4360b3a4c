using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Client.EntityFrameworkCore;
using OrleansDtm.Client.Tests.AspNetCore;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.EntityFramework;

/// <summary>Branches and outboxes in a context, on each provider.</summary>
public abstract class ContextTests(Bank bank, RunningCoordinator coordinator) : IAsyncLifetime
{
    private readonly string _gid = Guid.NewGuid().ToString("N");
    private BranchApp _app = null!;
    private Participant _participant = null!;
    private ServiceProvider _client = null!;

    private string Ask => _app.Url + "/ask";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_branch_that_takes_the_context_runs_once_and_saves_its_changes()
    {
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, (await _app.Call("/take", _gid, "action", new Order(30))).Status);
        }

        Assert.Equal(Bank.Start - 30, await bank.Balance());
        Assert.Equal([$"saga {_gid} 01 action 01 action"], await bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task A_branch_that_refuses_leaves_no_change_and_no_row()
    {
        Assert.Equal(409, (await _app.Call("/refuse", _gid, "action", new Order(30))).Status);

        Assert.Equal(Bank.Start, await bank.Balance());
        Assert.Empty(await bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task A_compensation_without_its_action_is_skipped_and_a_late_action_too()
    {
        Assert.Equal(200, (await _app.Call("/give", _gid, "compensate", new Order(30))).Status);
        Assert.Equal(200, (await _app.Call("/take", _gid, "action", new Order(30))).Status);

        Assert.Equal(Bank.Start, await bank.Balance());
    }

    [Fact]
    public async Task A_barrier_of_the_group_uses_the_context_too()
    {
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, (await _app.Call("/group/take", _gid, "action", new Order(30))).Status);
        }

        Assert.Equal(Bank.Start - 30, await bank.Balance());
        Assert.Equal([$"saga {_gid} 01 action 01 action"], await bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task A_transaction_of_a_middleware_is_refused_because_it_could_commit_a_refusal()
    {
        Assert.Equal(500, (await _app.Call("/middleware/refuse", _gid, "action", new Order(30))).Status);

        Assert.Equal(Bank.Start, await bank.Balance());
        Assert.Empty(await bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task The_outbox_commits_the_changes_with_the_message()
    {
        var message = Message();
        await using var shop = Open();

        var result = await message.DoAndSubmitAsync(Ask, shop, () => shop.Take(30, Cancel), Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(Bank.Start - 30, await bank.Balance());
        Assert.Single(_participant.Calls);
        Assert.Equal(200, (await _app.Call("/ask", message.Gid, "msg", type: "msg", branch: "00")).Status);
    }

    [Fact]
    public async Task The_outbox_of_work_that_throws_changes_nothing_and_aborts_the_message()
    {
        var message = Message();
        await using var shop = Open();

        await Assert.ThrowsAsync<DivideByZeroException>(() => message.DoAndSubmitAsync(
            Ask,
            shop,
            async () =>
            {
                await shop.Take(30, Cancel);
                throw new DivideByZeroException();
            },
            Cancel));

        Assert.Equal(GlobalStatus.Failed, (await _client.Dtm().QueryAsync(message.Gid, Cancel))!.Status);
        Assert.Equal(Bank.Start, await bank.Balance());
        Assert.Empty(_participant.Calls);
        Assert.Equal(409, (await _app.Call("/ask", message.Gid, "msg", type: "msg", branch: "00")).Status);
    }

    [Fact]
    public async Task The_outbox_does_not_take_a_context_whose_transaction_is_the_callers()
    {
        await using var shop = Open();
        await shop.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            await using var transaction = await shop.Database.BeginTransactionAsync(Cancel);
            await Assert.ThrowsAsync<InvalidOperationException>(
                () => Message().DoAndSubmitAsync(Ask, shop, () => shop.Take(30, Cancel), Cancel));
        });
        Assert.Equal(Bank.Start, await bank.Balance());
    }

    public async ValueTask InitializeAsync()
    {
        await bank.Create();
        _participant = await Participant.Start();
        _app = await BranchApp.Start(
            bank.Connect,
            static app =>
            {
                app.MapBranch("/take", static (Shop shop, Order order) => shop.Take(order.Amount, Cancel));
                app.MapBranch("/give", static (Shop shop, Order order) => shop.Take(-order.Amount, Cancel));
                app.MapBranch("/refuse", static async (Shop shop, Order order) =>
                {
                    await shop.Take(order.Amount, Cancel);
                    await shop.SaveChangesAsync(Cancel);
                    return BranchOutcome.Failure;
                });
                app.MapQueryPrepared("/ask").WithDbContext<Shop>();
                app.MapGroup("/group").WithBarrier()
                    .MapBranch("/take", static (Shop shop, Order order) => shop.Take(order.Amount, Cancel));
                app.Use(UnitOfWork);
                app.MapBranch("/middleware/refuse", static (Shop shop, Order order) => BranchOutcome.Failure);
            },
            builder =>
            {
                builder.Services.AddDbContext<Shop>(options => Shop.Use(options, bank));
                builder.Services.AddDbContextBarriers();
            });
        _client = coordinator.Client();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _app.DisposeAsync();
        await _participant.DisposeAsync();
        await bank.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A transaction around each request of its path.</summary>
    private static async Task UnitOfWork(HttpContext http, RequestDelegate next)
    {
        if (!http.Request.Path.StartsWithSegments("/middleware", StringComparison.Ordinal))
        {
            await next(http);
            return;
        }

        var shop = http.RequestServices.GetRequiredService<Shop>();
        await shop.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            await using var transaction = await shop.Database.BeginTransactionAsync(Cancel);
            await next(http);
            await transaction.CommitAsync(Cancel);
        });
    }

    private Msg Message() =>
        _client.Dtm().Msg(new MsgOptions { WaitResult = true }).Step(_participant.Url + "/in", 30);

    private Shop Open()
    {
        var options = new DbContextOptionsBuilder<Shop>();
        Shop.Use(options, bank);
        return new Shop(options.Options);
    }

    private sealed record Order(long Amount);
}

public sealed class SqliteContextTests(RunningCoordinator coordinator)
    : ContextTests(new SqliteBank(), coordinator);

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbContextTests(DatabaseUnderTest<MariaDbServer> server, RunningCoordinator coordinator)
    : ContextTests(new MariaDbBank(server), coordinator);

[Collection(SharedMySql.Name)]
public sealed class MySqlContextTests(DatabaseUnderTest<MySqlServer> server, RunningCoordinator coordinator)
    : ContextTests(new MySqlBank(server), coordinator);

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresContextTests(DatabaseUnderTest<XaPostgresServer> server, RunningCoordinator coordinator)
    : ContextTests(new PostgresBank(server), coordinator);
