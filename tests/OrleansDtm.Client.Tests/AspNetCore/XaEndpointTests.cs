using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.AspNetCore;

/// <summary>XA from end to end: initiator, coordinator, endpoints and a real database.</summary>
public abstract class XaEndpointTests(RunningCoordinator coordinator, Bank bank) : IAsyncLifetime
{
    private BranchApp _app = null!;
    private ServiceProvider _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Branches_commit_together()
    {
        var result = await _client.Dtm().XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync(_app.Url + "/change", new Change(0, -30));
                await xa.CallBranchAsync(_app.Url + "/change", new Change(1, 30));
                Assert.Equal((Bank.Start, Bank.Start), (await bank.Balance(0), await bank.Balance(1)));
            },
            new TransOptions { WaitResult = true },
            Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal((Bank.Start - 30, Bank.Start + 30), (await bank.Balance(0), await bank.Balance(1)));
    }

    [Fact]
    public async Task What_was_prepared_is_rolled_back_when_another_branch_refuses()
    {
        var refusal = await Assert.ThrowsAsync<BranchFailureException>(() => _client.Dtm().XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync(_app.Url + "/change", new Change(0, 5));
                await xa.CallBranchAsync(_app.Url + "/change", new Change(1, -5000));
            },
            cancellationToken: Cancel));

        Assert.Equal("the account holds too little", refusal.Reason);
        var end = await _client.Dtm().WaitForEndAsync(refusal.Gid!, Poll.Patience, Cancel);
        Assert.Equal(GlobalStatus.Failed, end.Status);
        Assert.Equal((Bank.Start, Bank.Start), (await bank.Balance(0), await bank.Balance(1)));

        // No lock is held any more.
        var after = await _client.Dtm().XaAsync(
            xa => xa.CallBranchAsync(_app.Url + "/change", new Change(0, 1)),
            new TransOptions { WaitResult = true },
            Cancel);
        Assert.True(after.Succeeded, after.ToString());
    }

    public async ValueTask InitializeAsync()
    {
        await bank.Create();
        _client = coordinator.Client();
        _app = await BranchApp.Start(
            bank.Connect,
            static app => app.MapXaBranch("/change", async (Change change, LocalTransaction db) =>
            {
                await db.ExecuteAsync(
                    $"update account set balance = balance + {change.Amount} where id = {change.Account}");
                if (await db.ScalarAsync<long>($"select balance from account where id = {change.Account}") < 0)
                {
                    throw new BranchFailureException("the account holds too little");
                }
            }),
            builder => builder.Services.AddDtmClient(options => options.Server = coordinator.Url));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _app.DisposeAsync();
        await _client.DisposeAsync();
        await bank.DisposeAsync();
    }

    private sealed record Change(int Account, long Amount);
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbXaEndpointTests(RunningCoordinator coordinator, DatabaseUnderTest<MariaDbServer> database)
    : XaEndpointTests(coordinator, new MariaDbBank(database));

[Collection(SharedMySql.Name)]
public sealed class MySqlXaEndpointTests(RunningCoordinator coordinator, DatabaseUnderTest<MySqlServer> database)
    : XaEndpointTests(coordinator, new MySqlBank(database));

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresXaEndpointTests(
    RunningCoordinator coordinator, DatabaseUnderTest<XaPostgresServer> database)
    : XaEndpointTests(coordinator, new PostgresBank(database));
