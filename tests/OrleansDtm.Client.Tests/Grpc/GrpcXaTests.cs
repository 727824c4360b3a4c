using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Client.Tests.Grpc.Wire;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>XA over gRPC, on a real database.</summary>
[Collection(SharedMariaDb.Name)]
public sealed class GrpcXaTests(RunningCoordinator coordinator, DatabaseUnderTest<MariaDbServer> database)
    : IAsyncLifetime
{
    private readonly MariaDbBank _bank = new(database);
    private GrpcApp _app = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Branches_commit_together_and_are_rolled_back_together()
    {
        var done = await _app.Dtm.XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync(_app.Branch("Xa"), new Move { Account = "A", Amount = -30 });
                await xa.CallBranchAsync(_app.Branch("Xa"), new Move { Account = "B", Amount = 30 });
            },
            new TransOptions { WaitResult = true },
            Cancel);
        Assert.True(done.Succeeded, done.ToString());
        Assert.Equal("70 130", await Balances());

        var refusal = await Assert.ThrowsAsync<BranchFailureException>(() => _app.Dtm.XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync(_app.Branch("Xa"), new Move { Account = "A", Amount = 5 });
                await xa.CallBranchAsync(_app.Branch("Xa"), new Move { Account = "B", Amount = -5000 });
            },
            cancellationToken: Cancel));
        Assert.Equal("balance too low", refusal.Reason);
        Assert.Equal(GlobalStatus.Failed, (await _app.Dtm.WaitForEndAsync(refusal.Gid!, Poll.Patience, Cancel)).Status);
        Assert.Equal("70 130", await Balances());
        await _bank.Execute("update account set balance = balance"); // No lock is held any more.
    }

    public async ValueTask InitializeAsync()
    {
        await _bank.Create();
        await _bank.Execute("drop table account");
        await _bank.Execute("create table account (name varchar(10) primary key, balance bigint not null)");
        await _bank.Execute("insert into account values ('A', 100), ('B', 100)");
        _app = await GrpcApp.Start(coordinator, _bank.Connect);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _bank.DisposeAsync();
    }

    private async Task<string> Balances() => Convert.ToString(
        await _bank.Scalar("select group_concat(balance order by name separator ' ') from account"),
        System.Globalization.CultureInfo.InvariantCulture)!;
}
