using OrleansDtm.Abstractions;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>Namespaces over the typed API of Orleans clients, and in calls of grain branches.</summary>
public sealed class NamespaceClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_same_gid_is_another_transaction_in_each_namespace(bool apart)
    {
        await using var cluster = await Coordinated.Start(apart);
        var shop = cluster.Transactions.InNamespace("shop");
        foreach (var (space, api) in new[] { ("shop", shop), ("", cluster.Transactions) })
        {
            Assert.Null(await api.Query("g", Cancel));
            var saga = new SagaTransaction { Gid = "g" }
                .Step(Coordinated.Url("A", nameof(ITellerGrain.Deposit)), "", new Money(1, "EUR"));
            var result = await api.SubmitAndWait(saga, Coordinated.Patience, Cancel);
            Assert.Equal(("g", true), (result.Gid, result.Succeeded));
            Assert.Equal("g", (await api.Query("g", Cancel))!.Gid);
            var call = cluster.Teller.Calls[^1].Call!;
            Assert.Equal(("g", space), (call.Gid, call.Namespace ?? ""));
        }

        Assert.Null(await cluster.Transactions.InNamespace("crm").Query("g", Cancel));
        Assert.Equal(2, cluster.Teller.Calls.Count);
    }

    [Fact]
    public async Task Every_operation_stays_in_its_namespace()
    {
        await using var cluster = await Coordinated.Start();
        var (shop, crm) = (cluster.Transactions.InNamespace("shop"), cluster.Transactions.InNamespace("crm"));
        await shop.Prepare(new TccTransaction { Gid = "t" }, Cancel);
        await NotFound(() => crm.ForceStop("t", Cancel));
        await NotFound(() => crm.RetryNow("t", Cancel));
        await NotFound(() => crm.RetryBranch("t", "01", "cancel", Cancel));
        await NotFound(() => crm.Abort(new TccTransaction { Gid = "t" }, "", Cancel));
        await NotFound(() => crm.WaitForEnd("t", TimeSpan.FromSeconds(1), Cancel));
        await Assert.ThrowsAsync<TransactionException>(
            () => crm.RegisterBranch(BranchRegistration.Tcc("t", "01", "", "http://a/"), Cancel));
        await shop.RegisterBranch(BranchRegistration.Tcc("t", "01", "", "http://a/"), Cancel);
        Assert.Single((await shop.Query("t", Cancel))!.Branches, static b => b.Op == "cancel");
        await shop.Abort(new TccTransaction { Gid = "t" }, "", Cancel);
        Assert.Equal(
            GlobalStatus.Failed, (await shop.WaitForEnd("t", Coordinated.Patience, Cancel)).Status);

        await shop.Subscribe("topic", "http://a/", "", Cancel);
        var message = new MsgTransaction { Gid = "m" }.Step("topic://topic");
        Assert.True((await shop.SubmitAndWait(message, Coordinated.Patience, Cancel)).Succeeded);
        var refused = await Assert.ThrowsAsync<TransactionException>(() => crm.Submit(message, false, Cancel));
        Assert.Equal(ReplyKind.Invalid, refused.Kind);
        await NotFound(() => crm.DeleteTopic("topic", Cancel));
        await shop.DeleteTopic("topic", Cancel);

        static async Task NotFound(Func<Task> request) => Assert.Equal(
            ReplyKind.NotFound, (await Assert.ThrowsAsync<TransactionException>(request)).Kind);
    }

    [Theory]
    [InlineData("Shop")]
    [InlineData("-a")]
    [InlineData("a:b")]
    public async Task A_bad_name_is_refused(string name)
    {
        await using var cluster = await Coordinated.Start();
        Assert.Throws<ArgumentException>(() => cluster.Transactions.InNamespace(name));
        foreach (var gid in new[] { "\u001fShop:g", "\u001f:g", "\u001f", "\u001fshop", "\u001fshop:" })
        {
            var refused = await Assert.ThrowsAsync<TransactionException>(() => cluster.Transactions.Query(gid, Cancel));
            Assert.Equal(ReplyKind.Invalid, refused.Kind);
        }
    }
}
