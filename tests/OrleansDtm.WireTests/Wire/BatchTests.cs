using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Core;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Grpc;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Jobs: POST batch, GET batch, POST batchStop.</summary>
[Collection(SharedServer.Name)]
public sealed class BatchTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_retry_calls_what_waits_and_leaves_the_others_alone()
    {
        await using var busi = await Participant.Start();
        var (shop, gids) = await Stuck(busi, 5);
        var (other, _) = await Stuck(busi, 1);

        var counted = await Ended(await Start("retry", $"shop:{shop}", ("dry_run", true)));
        Assert.Equal((5, 0), (Number(counted, "matched"), Number(counted, "succeeded")));
        Assert.Equal(gids.Order(), counted["sample"]!.AsArray().Select(static g => (string)g!).Order());

        var limited = await Ended(await Start("retry", $"shop:{shop}", ("limit", 2)));
        Assert.Equal(("done", 2, 2), (
            (string?)limited["status"], Number(limited, "matched"), Number(limited, "succeeded")));
        var job = await Ended(await Start("retry", $"shop:{shop}"));
        foreach (var gid in gids)
        {
            await Dtm.Until("succeed", gid);
        }

        Assert.Equal("done", (string?)job["status"]);
        Assert.Equal("submitted", (string?)(await List($"tag=shop:{other}"))[0]!["status"]);
        await Ended(await Start("force_stop", $"shop:{other}", ("reason", "cleanup")));
        var stopped = (await List($"tag=shop:{other}"))[0]!;
        Assert.Equal("failed", (string?)stopped["status"]);
        Assert.Contains("because cleanup (job ", (string?)stopped["rollback_reason"], StringComparison.Ordinal);

        var ids = (await Dtm.Get("batches")).Json!["batches"]!.AsArray().Select(static b => (string)b!["id"]!).ToList();
        Assert.Contains((string)job["id"]!, ids);
        var audit = (await Dtm.Get("audit?action=batch")).Text;
        Assert.Contains($"tag=shop:{shop}", audit, StringComparison.Ordinal);
        Assert.Contains((string)job["id"]!, (await Dtm.Get("audit?action=resetNextCronTime")).Text);
    }

    [Fact]
    public async Task Resolve_ends_only_the_calls_to_the_host_of_the_filter()
    {
        await using var busi = await Participant.Start();
        await using var other = await Participant.Start();
        var (shop, gids) = await Stuck(busi, 2);
        var filter = new JsonObject { ["tag"] = $"shop:{shop}", ["host"] = new Uri(other.Url).Authority };
        var none = await Ended(await Start("resolve", filter, ("reason", "by hand")));
        Assert.Equal(0, Number(none, "matched"));

        filter = new JsonObject { ["tag"] = $"shop:{shop}", ["host"] = new Uri(busi.Url).Authority };
        var job = await Ended(await Start("resolve", filter, ("reason", "by hand")));
        Assert.Equal(2, Number(job, "succeeded"));
        foreach (var gid in gids)
        {
            await Dtm.Until("succeed", gid);
            Assert.Contains(
                "resolved by hand: by hand",
                (await Dtm.Query(gid))["branches"]!.ToJsonString(),
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("unpark", 2)]
    [InlineData("resolve", 1)]
    public async Task Calls_that_are_put_aside_are_called_again_or_resolved(string operation, int calls)
    {
        await using var busi = await Participant.Start();
        var (shop, waiting) = await Stuck(busi, 1);
        var parked = SagaBody.NewGid();
        busi.On("/" + parked, Reply.Error, Reply.Success);
        await Dtm.Accept(new JsonObject
        {
            ["gid"] = parked,
            ["trans_type"] = "msg",
            ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/{parked}" }),
            ["payloads"] = new JsonArray("{}"),
            ["give_up_after"] = 1,
            ["tags"] = new JsonObject { ["shop"] = shop },
        });
        await Poll.Until(
            async () => (await List($"parked=true&tag=shop:{shop}")) is [_],
            Poll.Patience,
            () => $"{parked} is not parked",
            TestContext.Current.CancellationToken);

        var filter = new JsonObject { ["tag"] = $"shop:{shop}", ["parked"] = operation == "resolve" ? "true" : null };
        var job = await Ended(await Start(operation, filter, ("reason", "the shop is back")));
        await Dtm.Until("succeed", parked);

        Assert.Equal((1, 1), (Number(job, "matched"), Number(job, "succeeded")));
        Assert.Equal(calls, busi.On("/" + parked).Count);
        Assert.Equal("submitted", (string?)(await Dtm.Transaction(waiting[0]))!["status"]);
    }

    [Theory]
    [InlineData("operation", """{"operation":"explode","filter":{"tag":"a:1"}}""")]
    [InlineData("operation", """{"filter":{"tag":"a:1"}}""")]
    [InlineData("filter", """{"operation":"retry"}""")]
    [InlineData("filter", """{"operation":"retry","filter":{}}""")]
    [InlineData("filter", """{"operation":"retry","filter":{"tag":""}}""")]
    [InlineData("filter", """{"operation":"retry","filter":{"limit":"7"}}""")]
    [InlineData("filter", """{"operation":"retry","filter":{"tag":"a"}}""")]
    [InlineData("filter", """{"operation":"retry","filter":{"status":"succeed"}}""")]
    [InlineData("limit", """{"operation":"retry","filter":{"tag":"a:1"},"limit":0}""")]
    [InlineData("reason", """{"operation":"force_stop","filter":{"tag":"a:1"}}""")]
    [InlineData("reason", """{"operation":"resolve","filter":{"tag":"a:1"}}""")]
    public async Task A_bad_order_is_refused_by_name(string field, string body)
    {
        var answer = await Dtm.Send(HttpMethod.Post, Dtm.Api + "/batch", body);
        Assert.Equal(400, answer.Status);
        Assert.StartsWith(field + ": ", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_and_ended_jobs_cannot_be_stopped()
    {
        Assert.Equal(404, (await Dtm.Get("batch?id=none")).Status);
        Assert.Equal(404, (await Dtm.Post("batchStop", new JsonObject { ["id"] = "none" })).Status);
        Assert.StartsWith("id: ", (await Dtm.Post("batchStop", [])).Message, StringComparison.Ordinal);
        var job = await Ended(await Start("retry", $"shop:{SagaBody.NewGid()}"));
        var refused = await Dtm.Post("batchStop", new JsonObject { ["id"] = (string)job["id"]! });
        Assert.Equal((409, "the job is done"), (refused.Status, refused.Message));
    }

    [Fact]
    public async Task A_job_works_on_the_gids_that_it_names_and_on_no_other()
    {
        await using var busi = await Participant.Start();
        var (_, gids) = await Stuck(busi, 4);
        var ended = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(ended, busi).With("wait_result", true));
        var named = new JsonObject
        {
            ["operation"] = "retry",
            ["gids"] = new JsonArray(gids[0], gids[2], ended, "no-such-gid", gids[0]),
        };

        var counted = await Ended(await Started(named.DeepClone().AsObject().With("dry_run", true)));
        Assert.Equal((2, 0), (Number(counted, "matched"), Number(counted, "succeeded")));
        var job = await Ended(await Started(named));
        Assert.Equal((2, 2, 0), (Number(job, "matched"), Number(job, "succeeded"), Number(job, "rejected")));
        Assert.Equal([gids[0], gids[2], ended, "no-such-gid"], job["gids"]!.AsArray().Select(static g => (string)g!));
        await Dtm.Until("succeed", gids[0]);
        await Dtm.Until("succeed", gids[2]);
        Assert.All(
            new[] { gids[1], gids[3] }, gid => Assert.Single(busi.On("/" + gid)));

        foreach (var (field, value) in new (string, JsonNode)[]
        {
            ("filter", new JsonObject { ["tag"] = "a:1" }),
            ("gids", new JsonArray([.. Enumerable.Range(0, 1001).Select(static i => (JsonNode)$"g{i}")])),
            ("gids", new JsonArray("bad\n")),
        })
        {
            var body = named.DeepClone().AsObject();
            body[field] = value;
            var refused = await Dtm.Post("batch", body);
            Assert.True(refused.Status == 400, refused.Text);
            Assert.StartsWith("gid", refused.Message, StringComparison.Ordinal);
        }
    }

    private async Task<string> Started(JsonObject body)
    {
        var answer = await Dtm.Post("batch", body);
        Assert.True(answer.Status == 200, answer.Text);
        return (string)answer.Json!["id"]!;
    }

    [Fact]
    public async Task Grpc_starts_shows_and_stops_jobs_too()
    {
        using var dtm = new GrpcDtm(running.Process.GrpcUrl);
        var client = new Coordinator.CoordinatorClient(dtm.Channel);
        await using var busi = await Participant.Start();
        var (shop, gids) = await Stuck(busi, 3);
        var order = new BatchSubmission { Operation = "retry", Limit = 2, Filter = { ["tag"] = $"shop:{shop}" } };
        var started = await client.StartBatchAsync(order, cancellationToken: Cancel);
        await Ended(started.Id);

        var job = await client.GetBatchAsync(new BatchId { Id = started.Id }, cancellationToken: Cancel);
        Assert.Equal(
            ("retry", "done", 2, 2, 2, $"shop:{shop}"),
            (job.Operation, job.Status, job.Limit, job.Matched, job.Succeeded, job.Filter["tag"]));
        Assert.All(job.Sample, gid => Assert.Contains(gid, gids));
        Assert.True(job.UpdateTime >= job.CreateTime);
        var all = await client.ListBatchesAsync(new(), cancellationToken: Cancel);
        Assert.Contains(job, all.Batches);
        order.Filter.Clear();
        var refused = await GrpcDtm.Fails(
            StatusCode.InvalidArgument, client.StartBatchAsync(order, cancellationToken: Cancel).ResponseAsync);
        Assert.StartsWith("filter: ", refused, StringComparison.Ordinal);
        await GrpcDtm.Fails(
            StatusCode.Aborted,
            client.StopBatchAsync(new BatchId { Id = job.Id }, cancellationToken: Cancel).ResponseAsync);
        await GrpcDtm.Fails(
            StatusCode.NotFound,
            client.StopBatchAsync(new BatchId { Id = "none" }, cancellationToken: Cancel).ResponseAsync);
        await GrpcDtm.Fails(
            StatusCode.NotFound,
            client.GetBatchAsync(new BatchId { Id = "none" }, cancellationToken: Cancel).ResponseAsync);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static int Number(JsonNode job, string name) => (int)job[name]!;

    private async Task<JsonArray> List(string query) =>
        (await Dtm.Get("all?" + query)).Json!["transactions"]!.AsArray();

    private Task<string> Start(string operation, string tag, params (string Name, JsonNode Value)[] fields) =>
        Start(operation, new JsonObject { ["tag"] = tag }, fields);

    private async Task<string> Start(
        string operation, JsonObject filter, params (string Name, JsonNode Value)[] fields)
    {
        var body = new JsonObject { ["operation"] = operation, ["filter"] = filter };
        foreach (var (name, value) in fields)
        {
            body[name] = value;
        }

        return await Started(body);
    }

    private async Task<JsonNode> Ended(string id)
    {
        JsonNode? job = null;
        await Poll.Until(
            async () => (string?)(job = (await Dtm.Get("batch?id=" + id)).Json)?["status"] is not "running",
            Poll.Patience,
            () => $"{id} does not end: {job}",
            TestContext.Current.CancellationToken);
        return job!;
    }

    /// <summary>Sagas whose first call has failed; the next attempt is an hour ahead and would succeed.</summary>
    private async Task<(string Shop, List<string> Gids)> Stuck(Participant busi, int count)
    {
        var (shop, gids) = (SagaBody.NewGid(), new List<string>());
        for (var i = 0; i < count; i++)
        {
            var gid = SagaBody.NewGid();
            busi.On("/" + gid, Reply.Error, Reply.Success);
            await Dtm.Accept(new JsonObject
            {
                ["gid"] = gid,
                ["trans_type"] = "saga",
                ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/{gid}", ["compensate"] = "" }),
                ["payloads"] = new JsonArray(string.Create(CultureInfo.InvariantCulture, $"{i}")),
                ["retry_interval"] = 3600,
                ["tags"] = new JsonObject { ["shop"] = shop },
            });
            await Dtm.UntilWaiting(gid);
            gids.Add(gid);
        }

        return (shop, gids);
    }
}
