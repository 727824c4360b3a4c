using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>Queries of transactions, on this coordinator and on ones that return fewer fields.</summary>
public sealed class QueryTests(RunningCoordinator coordinator) : IAsyncDisposable
{
    private readonly ServiceProvider _client = coordinator.Client();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDtm Dtm => _client.Dtm();

    [Fact]
    public async Task Query_shows_the_transaction_with_its_branches()
    {
        var before = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        await using var bank = await Participant.Start();
        bank.On("/out", Reply.Error, Reply.Refusal);
        var saga = Dtm.Saga(new SagaOptions { RetryInterval = TimeSpan.FromMilliseconds(50) }).Step(
            bank.Url + "/out", bank.Url + "/undo", 30);
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        var info = (await Dtm.QueryAsync(saga.Gid, Cancel))!;

        Assert.Equal((saga.Gid, "saga", GlobalStatus.Failed), (info.Gid, info.TransType, info.Status));
        Assert.True(info.Created > before && info.Finished >= info.Created, $"{info.Created} {info.Finished}");
        Assert.Contains("balance too low", info.RollbackReason, StringComparison.Ordinal);
        var action = info.Branches.Single(branch => branch.Op == BranchOps.Action);
        Assert.Equal(
            ("01", bank.Url + "/out", "failed", 2), (action.BranchId, action.Url, action.Status, action.Attempts));
        Assert.Equal("30", Encoding.UTF8.GetString(action.Payload.Span));
        Assert.NotNull(action.LastError);
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
            var page = await Dtm.ListAsync(
                new TransactionFilter
                {
                    Status = GlobalStatus.Failed,
                    TransType = "msg",
                    CreatedFrom = from.AddSeconds(-1),
                    Limit = 1,
                    Position = position,
                }, Cancel);
            seen.AddRange(page.Transactions.Select(t => t.Gid).Where(gids.Contains));
            position = page.Next;
        }
        while (position is not null);

        Assert.Equal(gids.Order(), seen.Order());
    }

    [Fact]
    public async Task A_coordinator_that_says_less_is_understood_too()
    {
        await using var dtm = await Participant.Start(_ => new Reply(
            200,
            """
            {"branches":[{"id":0,"gid":"g","url":"http://a","bin_data":"MzA=","branch_id":"01","op":"action","status":"succeed","finish_time":"2024-11-01T10:00:00+08:00"}],
             "transaction":{"ID":7,"create_time":"2024-11-01T09:59:59+08:00","gid":"g","trans_type":"saga","status":"succeed","protocol":"http","new_field":{}}}
            """));
        await using var client = Clients.Of(new Uri(dtm.Url));

        var info = (await client.Dtm().QueryAsync("g", Cancel))!;

        Assert.Equal(GlobalStatus.Succeeded, info.Status);
        Assert.Equal(new DateTimeOffset(2024, 11, 1, 1, 59, 59, TimeSpan.Zero), info.Created);
        Assert.Equal((0, "30"), (info.Branches[0].Attempts, Encoding.UTF8.GetString(info.Branches[0].Payload.Span)));
        await Assert.ThrowsAsync<DtmConflictException>(() => Refuse().ForceStopAsync("g", Cancel));

        IDtm Refuse()
        {
            dtm.On(
                "/api/dtmsvr/forceStop",
                new Reply(200, """{"dtm_result":"FAILURE","message":"as very old servers say it"}"""));
            return client.Dtm();
        }
    }

    [Fact]
    public async Task A_wait_that_DTM_answers_with_409_for_a_mere_delay_is_cleared_up()
    {
        await using var dtm = await Participant.Start();
        dtm.On(
            "/api/dtmsvr/submit",
            new Reply(409, """{"dtm_result":"FAILURE","message":"wait result not return success: FAILURE"}"""));
        dtm.On(
            "/api/dtmsvr/query",
            new Reply(200, """{"branches":[],"transaction":{"gid":"g","trans_type":"saga","status":"submitted"}}"""));
        await using var client = Clients.Of(new Uri(dtm.Url));

        var result = await client.Dtm().Saga(new SagaOptions { Gid = "g", WaitResult = true }).SubmitAsync(Cancel);

        Assert.Equal((GlobalStatus.Submitted, false), (result.Status, result.HasEnded));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(405)]
    public async Task The_status_of_a_coordinator_without_wait_is_polled(int status)
    {
        await using var dtm = await Participant.Start();
        dtm.On("/api/dtmsvr/wait", new Reply(status, "404 page not found"));
        dtm.On("/api/dtmsvr/query", Shows("submitted"), Shows("submitted"), Shows("succeed"));
        await using var client = Clients.Of(new Uri(dtm.Url));

        Assert.True((await client.Dtm().WaitForEndAsync("g", Poll.Patience, Cancel)).Succeeded);
        Assert.True((await client.Dtm().WaitForEndAsync("g", Poll.Patience, Cancel)).Succeeded);

        Assert.Single(dtm.On("/api/dtmsvr/wait")); // It is asked once.
        Assert.Equal(4, dtm.On("/api/dtmsvr/query").Count);
    }

    [Fact]
    public async Task A_wait_is_repeated_until_the_end_without_a_query()
    {
        await using var dtm = await Participant.Start();
        dtm.On("/api/dtmsvr/wait", Shows("submitted", 425), Shows("aborting", 425), Shows("failed"));
        await using var client = Clients.Of(new Uri(dtm.Url));

        var result = await client.Dtm().WaitForEndAsync("g", TimeSpan.FromMinutes(2), Cancel);

        Assert.Equal(GlobalStatus.Failed, result.Status);
        Assert.Equal(3, dtm.Calls.Count);
        Assert.All(dtm.Calls, static call => Assert.Equal("30", call.Query["timeout"]));
    }

    private static Reply Shows(string status, int code = 200) => new(
        code, $$$"""{"branches":[],"transaction":{"gid":"g","trans_type":"saga","status":"{{{status}}}"}}""");

    [Fact]
    public async Task Gids_are_fresh()
    {
        Assert.NotEqual(await Dtm.NewGidAsync(Cancel), await Dtm.NewGidAsync(Cancel));
        Assert.NotEqual(Dtm.Saga().Gid, Dtm.Msg().Gid);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
