using System.Text.Json.Nodes;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Grpc;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Tags, and the other searches of GET all, over every API.</summary>
[Collection(SharedServer.Name)]
public sealed class TagTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tags_are_shown_and_found_and_not_sent_to_branches()
    {
        await using var busi = await Participant.Start();
        var (gid, other, shop) = (SagaBody.NewGid(), SagaBody.NewGid(), Guid.NewGuid().ToString("N"));
        await Dtm.Accept(SagaBody.Of(gid, busi)
            .With("wait_result", true)
            .With("tags", new JsonObject { ["order"] = "4711", ["shop"] = shop }));
        await Dtm.Accept(SagaBody.Of(other, busi)
            .With("wait_result", true)
            .With("branch_headers", new JsonObject { ["X-Dtm-Tags"] = $"order=4712,shop={shop}", ["x-a"] = "1" }));

        Assert.Equal(
            $$"""{"order":"4711","shop":"{{shop}}"}""", (await Dtm.Transaction(gid))!["tags"]!.ToJsonString());
        Assert.Equal([other, gid], await List($"tag=shop:{shop}"));
        Assert.Equal([gid], await List($"tag=order:4711,shop:{shop}"));
        Assert.Equal([gid], await List($"tag=order:4711&tag=shop:{shop}"));
        Assert.Equal([other, gid], await List($"tag=order:47*,shop:{shop}&status=succeed"));
        Assert.Empty(await List($"tag=order:47*,shop:{shop}&status=failed"));
        Assert.All(busi.Calls, static call => Assert.DoesNotContain("x-dtm-tags", call.Headers.Keys));
        Assert.Contains(busi.Calls, static call => call.Headers.GetValueOrDefault("x-a") == "1");
        Assert.Null((await Dtm.Transaction(await Plain(busi)))!["tags"]);
    }

    [Fact]
    public async Task Tags_of_a_submit_replace_those_of_its_prepare_and_none_keep_them()
    {
        await using var busi = await Participant.Start();
        var shop = Guid.NewGuid().ToString("N");
        foreach (var (again, expected) in new[] { (true, "2"), (false, "1") })
        {
            var gid = SagaBody.NewGid();
            var body = new JsonObject
            {
                ["gid"] = gid,
                ["trans_type"] = "msg",
                ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/Act1" }),
                ["payloads"] = new JsonArray("{}"),
                ["query_prepared"] = $"{busi.Url}/Query",
                ["tags"] = new JsonObject { ["shop"] = shop, ["order"] = "1" },
            };
            Assert.Equal(200, (await Dtm.Post("prepare", body)).Status);
            Assert.Equal([gid], await List($"tag=shop:{shop},order:1"));
            body = body.DeepClone().AsObject();
            body["tags"] = again ? new JsonObject { ["order"] = "2" } : null;
            Assert.Equal(200, (await Dtm.Submit(body.With("wait_result", true))).Status);

            Assert.Equal([gid], await List($"gid_prefix={gid[..^1]}&tag=order:{expected}"));
            Assert.Equal(again ? 0 : 1, (await List($"tag=shop:{shop},order:1")).Count);
            await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
        }
    }

    [Fact]
    public async Task Grpc_and_JsonRpc_carry_them()
    {
        await using var busi = await Participant.Start();
        var shop = Guid.NewGuid().ToString("N");
        var rpc = SagaBody.NewGid();
        var call = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = "1",
            ["method"] = "submit",
            ["params"] = SagaBody.Of(rpc, busi).With("tags", new JsonObject { ["shop"] = shop }),
        };
        var answer = await Dtm.Send(HttpMethod.Post, running.Process.Url + "/api/json-rpc", call.ToJsonString());
        Assert.Equal(200, answer.Status);

        using var dtm = new GrpcDtm(running.Process.GrpcUrl);
        var client = new Coordinator.CoordinatorClient(dtm.Channel);
        var (ours, dtms) = (GrpcDtm.NewGid(), GrpcDtm.NewGid());
        var submission = new Submission { Request = new() { Gid = ours, TransType = "saga" } };
        submission.Tags.Add("shop", shop);
        await client.SubmitAsync(submission, cancellationToken: Cancel);
        var request = new Protocol.Wire.DtmRequest { Gid = dtms, TransType = "saga", TransOptions = new() };
        request.TransOptions.BranchHeaders.Add("x-dtm-tags", $"shop={shop}");
        await dtm.Submit(request);

        Assert.Equal([dtms, ours, rpc], await List($"tag=shop:{shop}"));
        var filter = new ListFilter { Tags = { $"shop:{shop[..^1]}*", $"shop:{shop}" }, GidPrefix = "grpc-" };
        var page = await client.ListAsync(filter, cancellationToken: Cancel);
        Assert.Equal([dtms, ours], page.Transactions.Select(static t => t.Gid));
        Assert.All(page.Transactions, t => Assert.Equal(shop, t.Tags["shop"]));
        var refused = await GrpcDtm.Fails(
            global::Grpc.Core.StatusCode.InvalidArgument,
            client.ListAsync(new ListFilter { Tags = { "shop" } }, cancellationToken: Cancel).ResponseAsync);
        Assert.StartsWith("tag: ", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_and_last_error_are_searched_row_by_row()
    {
        await using var busi = await Participant.Start(static _ => new Reply(503, "the Ledger is locked"));
        await using var idle = await Participant.Start();
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 3600));
        await Dtm.UntilWaiting(gid);
        var done = await Plain(idle);

        var (host, other) = (new Uri(busi.Url).Authority, new Uri(idle.Url).Authority);
        Assert.Equal([gid], await List($"host={host}"));
        Assert.Equal([done], await List($"host={other}"));
        Assert.Equal([gid], await List($"host={host}&error=ledger%20is"));
        Assert.Equal([gid], await List($"host={host}&status=submitted"));
        Assert.Empty(await List($"host={host}&error=no%20such"));
        Assert.Empty(await List($"host={other}&error=e"));
        Assert.Empty(await List($"host={host}&status=failed"));
        await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
        Assert.Empty(await List($"host={host}&error=ledger"));
    }

    [Theory]
    [InlineData("tag=order")]
    [InlineData("tag=order:")]
    [InlineData("tag=:1")]
    [InlineData("error=x&status=failed")]
    [InlineData("host=%00")]
    [InlineData("gid_prefix=%0a")]
    public async Task A_bad_search_is_refused_by_name(string query)
    {
        var answer = await Dtm.Get("all?" + query);
        Assert.Equal(400, answer.Status);
        Assert.StartsWith(query.Split('=')[0] + ": ", answer.Message, StringComparison.Ordinal);
    }

    private async Task<string> Plain(Participant busi)
    {
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi).With("wait_result", true));
        return gid;
    }

    private async Task<List<string>> List(string query)
    {
        var answer = await Dtm.Get("all?" + query);
        Assert.True(answer.Status == 200, answer.Text);
        return [.. answer.Json!["transactions"]!.AsArray().Select(static t => (string)t!["gid"]!)];
    }
}
