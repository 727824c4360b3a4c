using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Alerts;

/// <summary>A webhook receives alerts about branches that keep failing, and delays nothing.</summary>
public sealed class AlertTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_webhook_is_told_from_the_limit_on_and_a_refusal_of_its_own_changes_nothing()
    {
        await using var ops = await Participant.Start(static _ => Reply.Error);
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel, ("ALERT_WEB_HOOK", ops.Url + "/hook"), ("ALERT_RETRY_LIMIT", "3"));
        using var dtm = new Dtm(server);
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Error, Reply.Error, Reply.Error, Reply.Success);
        await dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 0.05));

        await dtm.Until("succeed", gid);

        await ops.Called("/hook", 2);
        Assert.Equal([Expected(3), Expected(4)], ops.Calls.Select(static c => c.Body));
        Assert.All(
            ops.Calls, static c => Assert.Equal(("POST", "application/json"), (c.Method, c.Headers["Content-Type"])));

        string Expected(int count) => new JsonObject
        {
            ["gid"] = gid,
            ["status"] = "submitted",
            ["branch"] = busi.Url + "/Act1",
            ["error"] = $"HTTP status 500: {Reply.Error.Body}",
            ["retry_count"] = count,
        }.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    [Fact]
    public async Task A_webhook_that_hangs_delays_no_transaction()
    {
        await using var ops = await Participant.Start(static _ => Reply.Success.After(new Gate()));
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel, ("ALERT_WEB_HOOK", ops.Url + "/hook"), ("ALERT_RETRY_LIMIT", "1"));
        using var dtm = new Dtm(server);
        busi.On("/Act1", [.. Enumerable.Repeat(Reply.Error, 40), Reply.Success]);
        var gids = Enumerable.Range(0, 20).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            await dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 0.05));
        }

        foreach (var gid in gids)
        {
            await dtm.Until("succeed", gid);
        }

        // Most of the forty alerts, of three seconds each, are still queued. Neither transactions nor the server's
        // shutdown wait for them.
        Assert.True(ops.Calls.Count < 40, $"{ops.Calls.Count} alerts");
        Assert.Equal(0, await server.Terminate(TimeSpan.FromSeconds(10), Cancel));
    }
}
