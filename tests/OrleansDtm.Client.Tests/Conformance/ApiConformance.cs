using System.Text;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>Queries, lists, operations and topics, and their errors.</summary>
public abstract class ApiConformance(RunningCoordinator coordinator) : Conformance(coordinator)
{
    private const string Nobody = "no-such-gid";

    [Fact]
    public async Task A_query_shows_the_transaction_with_its_branches()
    {
        var before = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        Bank.On("/out", Reply.Error, Reply.Refusal);
        var saga = Dtm.Saga(new SagaOptions { RetryInterval = TimeSpan.FromMilliseconds(50) })
            .Step(Url("out"), Url("undo"), 30);
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        var info = (await Dtm.QueryAsync(saga.Gid, Cancel))!;

        Assert.Equal((saga.Gid, "saga", GlobalStatus.Failed), (info.Gid, info.TransType, info.Status));
        Assert.True(
            info.Created > before && info.Updated >= info.Created && info.Finished >= info.Created,
            $"{info.Created} {info.Finished}");
        Assert.Null(info.NextRetry);
        Assert.Contains("balance too low", info.RollbackReason, StringComparison.Ordinal);
        Assert.Equal(["compensate", "action"], info.Branches.Select(static branch => branch.Op));
        var action = info.Branches[1];
        Assert.Equal(("01", Url("out"), "failed", 2), (action.BranchId, action.Url, action.Status, action.Attempts));
        Assert.Equal("30", Encoding.UTF8.GetString(action.Payload.Span));
        Assert.NotNull(action.LastError);
        Assert.NotNull(action.Finished);
        Assert.Null(await Dtm.QueryAsync(Nobody, Cancel));
    }

    [Fact]
    public async Task Tags_are_shown_and_found()
    {
        var shop = Guid.NewGuid().ToString("N");
        var options = new SagaOptions { Tags = new Dictionary<string, string> { ["shop"] = shop, ["order"] = "1" } };
        var saga = Dtm.Saga(options).Tag("order", 4711).Tag("paid", 1.5m).Step("", "");
        await saga.SubmitAsync(Cancel);
        var msg = Dtm.Msg().Tag("shop", shop).Tag("order", "4712").Step("");
        await msg.SubmitAsync(Cancel);

        var tags = (await Dtm.QueryAsync(saga.Gid, Cancel))!.Tags;
        Assert.Equal((3, shop, "4711", "1.5"), (tags.Count, tags["shop"], tags["order"], tags["paid"]));
        Assert.Equal([msg.Gid, saga.Gid], await Found(new() { Tags = [$"shop:{shop}"] }));
        Assert.Equal([msg.Gid, saga.Gid], await Found(new() { Tags = [$"shop:{shop}", "order:47*"] }));
        Assert.Equal([saga.Gid], await Found(new() { Tags = [$"shop:{shop}", "order:4711"] }));
        Assert.Equal([saga.Gid], await Found(new() { Tags = [$"shop:{shop}"], TransType = "saga" }));
        Assert.Equal([msg.Gid], await Found(new() { GidPrefix = msg.Gid[..^1] }));
        Assert.Empty(await Found(new() { Tags = [$"shop:{shop}"], Host = "nobody" }));
        Assert.Empty(await Found(new() { Tags = [$"shop:{shop}"], Error = "nothing" }));
        await Assert.ThrowsAsync<DtmInvalidRequestException>(
            () => Dtm.Saga().Tag("or:der", 1).Step("", "").SubmitAsync(Cancel));

        async Task<IEnumerable<string>> Found(TransactionFilter filter) =>
            (await Dtm.ListAsync(filter, Cancel)).Transactions.Select(static t => t.Gid);
    }

    [Fact]
    public async Task The_same_gid_and_topic_live_in_each_namespace()
    {
        var name = Guid.NewGuid().ToString("N");
        foreach (var space in new[] { "", "shop", "crm" })
        {
            var dtm = Dtm.InNamespace(space);
            Assert.Null(await dtm.QueryAsync(name, Cancel));
            Assert.Empty(await dtm.SubscribersAsync(name, Cancel));
            await dtm.SubscribeAsync(name, Url("topic" + space), "", Cancel);
            var saga = dtm.Saga(new SagaOptions { Gid = name }).Step(Url("out" + space), "");
            Assert.True((await saga.SubmitAndWaitAsync(Poll.Patience, Cancel)).Succeeded);
            await dtm.Msg().Step("topic://" + name).SubmitAndWaitAsync(Poll.Patience, Cancel);

            Assert.All(
                [Bank.On("/out" + space).Single(), Bank.On("/topic" + space).Single()],
                call => Assert.Equal(space, call.Headers.GetValueOrDefault("x-dtm-namespace", "")));
            Assert.Equal(name, Bank.On("/out" + space).Single().Gid);
            Assert.Equal(
                [name], (await dtm.ListAsync(new() { GidPrefix = name }, Cancel)).Transactions.Select(t => t.Gid));
            Assert.Equal(GlobalStatus.Succeeded, (await dtm.WaitForEndAsync(name, Poll.Patience, Cancel)).Status);
        }

        await Dtm.InNamespace("shop").DeleteTopicAsync(name, Cancel);
        Assert.Single(await Dtm.InNamespace("crm").SubscribersAsync(name, Cancel));
        await Assert.ThrowsAsync<DtmInvalidRequestException>(() => Dtm.InNamespace("Shop!").QueryAsync(name, Cancel));
    }

    [Fact]
    public async Task Calls_of_the_sdk_name_the_namespace_and_a_participant_joins_in_it()
    {
        var gid = Guid.NewGuid().ToString("N");
        var shop = Dtm.InNamespace("shop");
        await shop.TccAsync(
            async tcc =>
            {
                await tcc.CallBranchAsync(Url("try"), Url("confirm"), Url("cancel"), 1);
                var nested = Dtm.JoinTcc(Context(Bank.On("/try").Single()), cancellationToken: Cancel);
                await nested.CallBranchAsync(Url("try2"), Url("confirm2"), Url("cancel2"), 1);
            },
            new TransOptions { Gid = gid },
            Cancel);
        await shop.WaitForEndAsync(gid, Poll.Patience, Cancel);
        await shop.XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync(Url("xa"), 1);
                await Dtm.RegisterXaBranchAsync(Context(Bank.On("/xa").Single()), Cancel);
            },
            new TransOptions { Gid = gid + "x" },
            Cancel);
        await shop.WaitForEndAsync(gid + "x", Poll.Patience, Cancel);

        foreach (var path in new[] { "/try", "/try2", "/confirm", "/confirm2" })
        {
            Assert.Equal((gid, "shop"), (Bank.On(path).Single().Gid, Context(Bank.On(path).Single()).Namespace));
        }

        Assert.Equal(["action", "commit"], Bank.On("/xa").Select(static call => call.Op));
        Assert.All(Bank.On("/xa"), static call => Assert.Equal("shop", Context(call).Namespace));

        static BranchContext Context(Call call) => BranchContext.Read(
            name => call.Query.GetValueOrDefault(name) ?? call.Headers.GetValueOrDefault(name));
    }

    [Fact]
    public async Task A_wait_ends_with_the_transaction_which_is_not_in_memory()
    {
        Bank.On("/out", Reply.Error);
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true, RetryInterval = TimeSpan.FromHours(1) })
            .Step(Url("out"), "");
        await saga.SubmitAsync(Cancel);
        var wait = Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel);
        await Assert.ThrowsAsync<TimeoutException>(
            () => Dtm.WaitForEndAsync(saga.Gid, TimeSpan.FromMilliseconds(50), Cancel));
        Assert.False(wait.IsCompleted);
        await Dtm.ForceStopAsync(saga.Gid, Cancel);

        Assert.Equal(GlobalStatus.Failed, (await wait).Status);
        await Assert.ThrowsAsync<DtmNotFoundException>(() => Dtm.WaitForEndAsync(Nobody, Poll.Patience, Cancel));
    }

    [Fact]
    public async Task What_waits_says_when_it_goes_on()
    {
        Bank.On("/out", Reply.Error);
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true, RetryInterval = TimeSpan.FromMinutes(5) })
            .Step(Url("out"), "");
        await saga.SubmitAsync(Cancel);

        var info = (await Dtm.QueryAsync(saga.Gid, Cancel))!;

        Assert.True(info.NextRetry > info.Created, $"{info.NextRetry}");
        Assert.Equal((null, GlobalStatus.Submitted), (info.Finished, info.Status));
        Assert.Equal((null, "prepared", 1),
            (info.Branches[1].Finished, info.Branches[1].Status, info.Branches[1].Attempts));
        await Dtm.ForceStopAsync(saga.Gid, Cancel);
    }

    [Fact]
    public async Task A_listing_goes_page_by_page_through_what_the_filter_lets_pass()
    {
        var from = TimeProvider.System.GetUtcNow();
        var gids = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            var msg = Dtm.Msg().Step("http://nobody/");
            await msg.PrepareAsync("http://nobody/", Cancel);
            await msg.AbortAsync(cancellationToken: Cancel);
            gids.Add(msg.Gid);
        }

        var seen = new List<string>();
        string? position = null;
        do
        {
            var filter = new TransactionFilter
            {
                Status = GlobalStatus.Failed,
                TransType = "msg",
                CreatedFrom = from.AddSeconds(-1),
                CreatedTo = from.AddMinutes(5),
                Limit = 1,
                Position = position,
            };
            var page = await Dtm.ListAsync(filter, Cancel);
            seen.AddRange(page.Transactions.Select(t => t.Gid).Where(gids.Contains));
            position = page.Next;
        }
        while (position is not null);

        Assert.Equal(gids.Order(), seen.Order());
        Assert.Empty((await Dtm.ListAsync(
            new TransactionFilter { CreatedTo = from.AddDays(-1) }, Cancel)).Transactions);
        await Assert.ThrowsAsync<DtmInvalidRequestException>(
            () => Dtm.ListAsync(new TransactionFilter { Limit = -1 }, Cancel));
        await Assert.ThrowsAsync<DtmInvalidRequestException>(
            () => Dtm.ListAsync(new TransactionFilter { TransType = "sagas" }, Cancel));
        await Assert.ThrowsAsync<DtmInvalidRequestException>(
            () => Dtm.ListAsync(new TransactionFilter { Position = "nowhere" }, Cancel));
    }

    [Fact]
    public async Task What_the_status_does_not_allow_is_a_conflict_that_tells_it()
    {
        var saga = Dtm.Saga().Step("", "");
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);
        var gid = saga.Gid;

        await Conflicts(() => Dtm.Saga(new SagaOptions { Gid = gid }).Step("", "").SubmitAsync(Cancel));
        await Conflicts(() => Dtm.Msg(new MsgOptions { Gid = gid }).Step("").SubmitAsync(Cancel));
        await Conflicts(() => Dtm.Msg(new MsgOptions { Gid = gid, WaitResult = true }).Step("").SubmitAsync(Cancel));
        await Conflicts(() => Dtm.Msg(new MsgOptions { Gid = gid }).Step("").PrepareAsync(Url("ask"), Cancel));
        await Conflicts(() => Dtm.AbortAsync(gid, "msg", cancellationToken: Cancel));
        await Conflicts(() => Dtm.ForceStopAsync(gid, Cancel));
        await Conflicts(() => Dtm.RetryNowAsync(gid, Cancel));
        await Conflicts(() => Dtm.RetryBranchAsync(gid, "01", "action", Cancel));

        Task Conflicts(Func<Task> request) => Refused<DtmConflictException>(gid, GlobalStatus.Succeeded, request);
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        Bank.On("/out", Reply.Error);
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true, RetryInterval = TimeSpan.FromMinutes(5) })
            .Step(Url("out"), "");
        await saga.SubmitAsync(Cancel);

        var wait = await Assert.ThrowsAsync<DtmNotFoundException>(
            () => Dtm.WaitForEndAsync(Nobody, Poll.Patience, Cancel));
        Assert.Equal(Nobody, wait.Gid);
        await Missing(Nobody, () => Dtm.AbortAsync(Nobody, "msg", cancellationToken: Cancel));
        await Missing(Nobody, () => Dtm.ForceStopAsync(Nobody, Cancel));
        await Missing(Nobody, () => Dtm.RetryNowAsync(Nobody, Cancel));
        await Missing(Nobody, () => Dtm.RetryBranchAsync(Nobody, "01", "action", Cancel));
        await Missing(saga.Gid, () => Dtm.RetryBranchAsync(saga.Gid, "07", "action", Cancel));
        await Refused<DtmConflictException>(
            Nobody, null, () => Dtm.RegisterXaBranchAsync(Action(Nobody), Cancel)); // This is DTM's error.
        await Dtm.ForceStopAsync(saga.Gid, Cancel);

        static Task Missing(string gid, Func<Task> request) => Refused<DtmNotFoundException>(gid, null, request);

        static BranchContext Action(string gid)
        {
            var call = new Dictionary<string, string?>
            {
                ["gid"] = gid,
                ["trans_type"] = "xa",
                ["branch_id"] = "01",
                ["op"] = "action",
                ["phase2_url"] = "http://127.0.0.1:1/",
            };
            return BranchContext.Read(call.GetValueOrDefault);
        }
    }

    [Fact]
    public async Task A_wrong_request_is_invalid_and_names_its_field()
    {
        var wrong = new string('x', 200);

        await Names("gid", wrong, () => Dtm.Saga(new SagaOptions { Gid = wrong }).Step("", "").SubmitAsync(Cancel));
        await Names("gid", wrong, () =>
            Dtm.Msg(new MsgOptions { Gid = wrong }).Step("").PrepareAsync(Url("ask"), Cancel));
        await Names("gid", wrong, () => Dtm.AbortAsync(wrong, "msg", cancellationToken: Cancel));
        await Names("gid", wrong, () => Dtm.ForceStopAsync(wrong, Cancel));
        await Names("gid", wrong, () => Dtm.QueryAsync(wrong, Cancel));
        await Names("trans_type", "g", () => Dtm.AbortAsync("g", "nonsense", cancellationToken: Cancel));
        await Names("retry_interval", "g", () =>
            Dtm.Saga(new SagaOptions { Gid = "g", RetryInterval = TimeSpan.FromSeconds(-2) })
                .Step("", "").SubmitAsync(Cancel));
        await Names("retry_interval", "g", () =>
            Dtm.Saga(new SagaOptions { Gid = "g", RetryInterval = TimeSpan.FromSeconds(-0.5) })
                .Step("", "").SubmitAsync(Cancel));
        await Names("callback_url", "g", () =>
            Dtm.Saga(new SagaOptions { Gid = "g", CallbackUrl = "ftp://x" }).Step("", "").SubmitAsync(Cancel));
        await Names("topic", null, () => Dtm.SubscribeAsync("", Url("a"), cancellationToken: Cancel));
        await Names("url", null, () => Dtm.SubscribeAsync("t", "", cancellationToken: Cancel));
        Assert.Null(await Dtm.QueryAsync("g", Cancel));

        static async Task Names(string field, string? gid, Func<Task> request) =>
            Assert.Contains(field, (await Refused<DtmInvalidRequestException>(gid, null, request)).Reason!,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_is_too_large_stays_so()
    {
        var saga = Dtm.Saga().Step(Url("out"), "", new string('x', 5 << 20));
        await Refused<DtmInvalidRequestException>(saga.Gid, null, () => saga.SubmitAsync(Cancel));
    }

    [Fact]
    public async Task Of_the_calls_that_wait_one_is_hurried_by_its_name()
    {
        Bank.On("/out", Reply.Error, Reply.Success);
        Bank.On("/in", Reply.Error, Reply.Success);
        var options = new SagaOptions { WaitResult = true, Concurrent = true, RetryInterval = TimeSpan.FromMinutes(5) };
        var gid = (await Dtm.Saga(options).Step(Url("out"), "").Step(Url("in"), "").SubmitAsync(Cancel)).Gid;

        await Dtm.RetryBranchAsync(gid, "02", "action", Cancel);
        await Bank.Called("/in", 2);
        Assert.Single(Bank.On("/out"));
        await Dtm.RetryBranchAsync(gid, "01", "action", Cancel);
        Assert.True((await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task Subscribers_of_a_topic_come_and_go()
    {
        var topic = "paid-" + Guid.NewGuid().ToString("N");
        Assert.Empty(await Dtm.SubscribersAsync(topic, Cancel));
        await Dtm.SubscribeAsync(topic, Url("stock"), "the stock", Cancel);
        await Dtm.SubscribeAsync(topic, Url("mail"), cancellationToken: Cancel);
        Assert.Equal([new(Url("stock"), "the stock"), new(Url("mail"), "")], await Dtm.SubscribersAsync(topic, Cancel));
        await Refused<DtmConflictException>(
            null, null, () => Dtm.SubscribeAsync(topic, Url("mail"), cancellationToken: Cancel));

        var sent = await Dtm.Msg(new MsgOptions { WaitResult = true }).Topic(topic, 30).SubmitAsync(Cancel);
        Assert.True(sent.Succeeded);
        Assert.Equal(["/mail", "/stock"], Bank.Paths.Order());

        await Dtm.UnsubscribeAsync(topic, Url("mail"), Cancel);
        await Refused<DtmNotFoundException>(null, null, () => Dtm.UnsubscribeAsync(topic, Url("mail"), Cancel));
        await Dtm.DeleteTopicAsync(topic, Cancel);
        Assert.Empty(await Dtm.SubscribersAsync(topic, Cancel));
        await Refused<DtmNotFoundException>(null, null, () => Dtm.DeleteTopicAsync(topic, Cancel));
        await Refused<DtmNotFoundException>(null, null, () => Dtm.UnsubscribeAsync(topic, Url("mail"), Cancel));
    }

    [Fact]
    public async Task Gids_are_fresh() => Assert.NotEqual(await Dtm.NewGidAsync(Cancel), await Dtm.NewGidAsync(Cancel));
}
