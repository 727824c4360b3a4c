using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Service names and Retry-After responses, from the API to the branch.</summary>
public sealed class ServiceNameServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saga_runs_at_services_that_the_settings_know()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel,
            ("Services__orders__http__0", busi.Url),
            ("Branches__DenyPrivate", "true"),
            ("Branches__Allow__0", "orders"),
            ("Branches__Allow__1", "127.0.0.0/8"));
        using var dtm = new Dtm(server);
        foreach (var name in new[] { "http://orders", "discovery:///orders" })
        {
            var gid = SagaBody.NewGid();
            var saga = Renamed(SagaBody.Of(gid, busi), busi.Url, name);
            await dtm.Accept(saga);
            await dtm.Until("succeed", gid);
        }

        Assert.Equal(["/Act1", "/Act2", "/Act1", "/Act2"], busi.Paths);
        var refused = await dtm.Submit(Renamed(SagaBody.Of(SagaBody.NewGid(), busi), busi.Url, "discovery:///a%20b"));
        Assert.Equal(400, refused.Status);
    }

    [Fact]
    public async Task A_branch_that_asks_for_patience_gets_it()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, ("RETRY_INTERVAL", "0.1"));
        using var dtm = new Dtm(server);
        var gid = SagaBody.NewGid();
        busi.On("/Act1", new Reply(503, "busy") { RetryAfter = "2" }, Reply.Success);

        await dtm.Accept(SagaBody.Of(gid, busi));

        await dtm.Until("succeed", gid);
        var calls = busi.On("/Act1");
        Assert.True(calls[1].At - calls[0].At >= TimeSpan.FromSeconds(1.9), $"{calls[1].At - calls[0].At}");
    }

    private static JsonObject Renamed(JsonObject saga, string from, string to) =>
        JsonNode.Parse(saga.ToJsonString().Replace(from, to, StringComparison.Ordinal))!.AsObject();
}
