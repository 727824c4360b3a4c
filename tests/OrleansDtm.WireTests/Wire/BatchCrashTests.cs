using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>A job survives the server.</summary>
public sealed class BatchCrashTests
{
    private const int Count = 200;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_goes_on_after_kill_9_and_retries_every_transaction()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, ("ORLEANSDTM_Limits__BatchRate", "40"));
        using var dtm = new Dtm(server);
        var gids = Enumerable.Range(0, Count).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            busi.On("/" + gid, Reply.Error, Reply.Success);
        }

        await Task.WhenAll(gids.Select(gid => dtm.Accept(Saga(busi, gid))));
        await Poll.Until(
            () => Task.FromResult(busi.Calls.Count == Count), Poll.Patience, () => "not all were called", Cancel);

        var id = (string)(await dtm.Post("batch", new JsonObject
        {
            ["operation"] = "retry",
            ["filter"] = new JsonObject { ["tag"] = "kind:stuck" },
        })).Json!["id"]!;
        await Until(dtm, id, static job => (int)job["matched"]! >= 40);
        await server.Kill(Cancel);
        await server.Restart(Cancel);
        var job = await Until(dtm, id, static job => (string?)job["status"] != "running");

        Assert.Equal("done", (string?)job["status"]);
        Assert.InRange((int)job["matched"]!, Count - 40, Count);
        foreach (var gid in gids)
        {
            await dtm.Until("succeed", gid);
        }

        Assert.True(busi.Calls.Count >= 2 * Count);
    }

    [Fact]
    public async Task A_job_stops_on_request_at_its_bounded_rate()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, ("ORLEANSDTM_Limits__BatchRate", "5"));
        using var dtm = new Dtm(server);
        var gids = Enumerable.Range(0, 30).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            busi.On("/" + gid, Reply.Error, Reply.Success);
        }

        await Task.WhenAll(gids.Select(gid => dtm.Accept(Saga(busi, gid))));
        await Poll.Until(
            () => Task.FromResult(busi.Calls.Count == gids.Count), Poll.Patience, () => "not all were called", Cancel);
        var id = (string)(await dtm.Post("batch", new JsonObject
        {
            ["operation"] = "retry",
            ["filter"] = new JsonObject { ["tag"] = "kind:stuck" },
        })).Json!["id"]!;
        await Until(dtm, id, static job => (int)job["matched"]! > 0);
        Assert.Equal(200, (await dtm.Post("batchStop", new JsonObject { ["id"] = id })).Status);

        var job = (await dtm.Get("batch?id=" + id)).Json!;
        Assert.Equal("stopped", (string?)job["status"]);
        Assert.InRange((int)job["matched"]!, 1, gids.Count - 1);
        Assert.Equal(200, (await dtm.Post("batchStop", new JsonObject { ["id"] = id })).Status);
    }

    private static JsonObject Saga(Participant busi, string gid) => new()
    {
        ["gid"] = gid,
        ["trans_type"] = "saga",
        ["steps"] = new JsonArray(new JsonObject { ["action"] = $"{busi.Url}/{gid}", ["compensate"] = "" }),
        ["payloads"] = new JsonArray("{}"),
        ["retry_interval"] = 3600,
        ["tags"] = new JsonObject { ["kind"] = "stuck" },
    };

    private static async Task<JsonNode> Until(Dtm dtm, string id, Predicate<JsonNode> isReached)
    {
        JsonNode? job = null;
        await Poll.Until(
            async () => (job = (await dtm.Get("batch?id=" + id)).Json) is not null && isReached(job),
            Poll.Patience,
            () => $"{id} does not get so far: {job}",
            Cancel);
        return job!;
    }
}
