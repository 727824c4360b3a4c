using System.Text.Json.Nodes;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Namespaces;

/// <summary>The same gid lives in several namespaces, over every API; services get it as it was submitted.</summary>
public sealed class NamespaceTests(NamespacedServer server) : IClassFixture<NamespacedServer>, IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(server.GrpcUrl);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task The_same_gid_is_another_transaction_in_each_namespace()
    {
        var gid = SagaBody.NewGid();
        foreach (var space in new string?[] { null, "crm", "hr" })
        {
            await using var busi = await Participant.Start();
            using var client = new NamespaceClient(server, server.Free, space);
            Assert.Null(await client.Transaction(gid));
            await client.Accept(SagaBody.Of(gid, busi)
                .With("wait_result", true)
                .With("custom_data", "")
                .With("tags", new JsonObject { ["order"] = gid })
                .With("callback_url", $"{busi.Url}/Told"));
            var told = await busi.Called("/Told");

            Assert.All(busi.Calls, call => Assert.Equal(gid, call.Gid));
            Assert.All(busi.Calls, call => Assert.Equal(space, call.Headers.GetValueOrDefault("x-dtm-namespace")));
            Assert.Equal(gid, (string?)JsonNode.Parse(told.Body)!["gid"]);
            var stored = (await client.Transaction(gid))!;
            Assert.Equal((gid, space), ((string?)stored["gid"], (string?)stored["namespace"]));
            foreach (var filter in new[] { $"tag=order:{gid}", $"gid_prefix={gid[..^1]}", $"gid={gid}" })
            {
                var all = (await client.Get($"/api/dtmsvr/all?{filter}")).Json!["transactions"]!.AsArray();
                Assert.Equal(space, (string?)Assert.Single(all)!["namespace"]);
            }
        }
    }

    [Fact]
    public async Task A_tcc_registers_its_branches_and_ends_in_its_namespace()
    {
        var gid = SagaBody.NewGid();
        await using var busi = await Participant.Start();
        using var shop = new NamespaceClient(server, server.Shop);
        using var crm = new NamespaceClient(server, server.Crm);
        await shop.Accept(PatternBodies.Of(gid, "tcc"), "prepare");
        var unknown = await crm.Post("registerBranch", PatternBodies.TccBranch(gid, busi, 1));
        Assert.Equal((409, "FAILURE"), (unknown.Status, unknown.Result));
        Assert.DoesNotContain("001", unknown.Text, StringComparison.Ordinal);
        await shop.Accept(PatternBodies.TccBranch(gid, busi, 1), "registerBranch");
        Assert.Equal(404, (await crm.Post("abort", PatternBodies.Of(gid, "tcc"))).Status);
        Assert.Equal(404, (await crm.Post("submit", PatternBodies.Of(gid, "tcc"))).Status);
        await shop.Accept(PatternBodies.Of(gid, "tcc"), "abort");
        await shop.Until("failed", gid);

        var cancel = Assert.Single(busi.Calls);
        Assert.Equal((gid, "shop"), (cancel.Gid, cancel.Headers["x-dtm-namespace"]));
    }

    [Fact]
    public async Task A_message_queries_and_a_workflow_resumes_with_the_submitted_gid()
    {
        var (msg, flow) = (SagaBody.NewGid(), SagaBody.NewGid());
        await using var busi = await Participant.Start();
        using var shop = new NamespaceClient(server, server.Shop);
        await shop.Accept(PatternBodies.Msg(msg, busi, 1).With("timeout_to_fail", 0.2), "prepare");
        var query = await busi.Called("/Query");
        Assert.Equal((msg, "shop"), (query.Gid, query.Headers["x-dtm-namespace"]));
        await shop.Until("succeed", msg);

        var answer = await shop.Post(
            "prepareWorkflow", PatternBodies.Workflow(flow, busi).With("retry_interval", 0.1));
        Assert.Equal((flow, "shop"), (
            (string?)answer.Json!["transaction"]!["gid"], (string?)answer.Json["transaction"]!["namespace"]));
        var resume = await busi.Called("/Resume");
        Assert.Equal((flow, "shop"), (resume.Gid, resume.Headers["x-dtm-namespace"]));
        await shop.Accept(PatternBodies.WorkflowEnd(flow, "succeed"));
        await shop.Until("succeed", flow);
    }

    [Fact]
    public async Task Grpc_and_JsonRpc_name_it_in_metadata_and_header()
    {
        var gid = SagaBody.NewGid();
        using var crm = new NamespaceClient(server, server.Free, "crm");
        using var hr = new NamespaceClient(server, server.Free, "hr");
        var dtm = new Protocol.Wire.Dtm.DtmClient(_channel);
        var ours = new Coordinator.CoordinatorClient(_channel);
        await dtm.SubmitAsync(new DtmRequest { Gid = gid, TransType = "saga" }, crm.Metadata, null, Cancel);
        var filter = new ListFilter { GidPrefix = gid };
        var query = new GidRequest { Gid = gid };
        var listed = await ours.ListAsync(filter, crm.Metadata, null, Cancel);
        Assert.Equal((gid, "crm"), (listed.Transactions.Single().Gid, listed.Transactions.Single().Namespace));
        Assert.Empty((await ours.ListAsync(filter, hr.Metadata, null, Cancel)).Transactions);
        Assert.Equal(gid, (await ours.QueryAsync(query, crm.Metadata, null, Cancel)).Transaction.Gid);
        Assert.Null((await ours.QueryAsync(query, hr.Metadata, null, Cancel)).Transaction);
        Assert.Equal("succeed", (await ours.WaitAsync(
            new WaitRequest { Gid = gid }, crm.Metadata, null, Cancel)).Transaction.Status);

        var call = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = "1",
            ["method"] = "submit",
            ["params"] = new JsonObject { ["gid"] = gid, ["trans_type"] = "saga" },
        };
        Assert.Equal(200, (await hr.Send("POST", "/api/json-rpc", call)).Status);
        Assert.Equal("hr", (string?)(await hr.Transaction(gid))!["namespace"]);
        Assert.Null((await crm.Transaction(gid))!["rollback_reason"]);
    }

    [Fact]
    public async Task Topics_belong_to_a_namespace()
    {
        var topic = "orders-" + SagaBody.NewGid();
        await using var busi = await Participant.Start();
        using var shop = new NamespaceClient(server, server.Shop);
        using var crm = new NamespaceClient(server, server.Crm);
        using var boss = new NamespaceClient(server, server.Admin);
        var subscribe = $"subscribe?topic={topic}&url=";
        Assert.Equal(200, (await shop.Send("POST", $"/api/dtmsvr/{subscribe}{busi.Url}/Shop", null)).Status);
        Assert.Equal(200, (await boss.Send("POST", $"/api/dtmsvr/{subscribe}{busi.Url}/Default", null)).Status);
        var found = await shop.Get($"/api/dtmsvr/queryKV?cat=topics&key={topic}");
        var item = Assert.Single(found.Json!["kv"]!.AsArray())!;
        Assert.Equal(("topics", topic), ((string?)item["cat"], (string?)item["k"]));
        Assert.Contains("/Shop", found.Text, StringComparison.Ordinal);
        Assert.Empty((await crm.Get($"/api/dtmsvr/queryKV?cat=topics&key={topic}")).Json!["kv"]!.AsArray());
        Assert.DoesNotContain(topic, (await crm.Get("/api/dtmsvr/scanKV?cat=topics")).Text, StringComparison.Ordinal);
        var all = (await boss.Get("/api/dtmsvr/scanKV?cat=topics")).Text;
        Assert.Contains("/Default", all, StringComparison.Ordinal);
        Assert.DoesNotContain("/Shop", all, StringComparison.Ordinal);

        var body = PatternBodies.Msg(SagaBody.NewGid(), busi, 1);
        body["steps"]![0]!["action"] = "topic://" + topic;
        await shop.Accept(body.With("wait_result", true));
        Assert.Equal(["/Shop"], busi.Paths);
        Assert.Equal(400, (await crm.Post("submit", body.DeepClone())).Status);
        Assert.Equal(404, (await crm.Send("DELETE", $"/api/dtmsvr/topic/{topic}", null)).Status);
        Assert.Equal(200, (await shop.Send("DELETE", $"/api/dtmsvr/topic/{topic}", null)).Status);
        var left = await boss.Get($"/api/dtmsvr/queryKV?cat=topics&key={topic}");
        Assert.Single(left.Json!["kv"]!.AsArray());
    }

    [Fact]
    public async Task Events_and_waits_are_of_one_namespace()
    {
        var (mine, theirs) = (SagaBody.NewGid(), SagaBody.NewGid());
        using var shop = new NamespaceClient(server, server.Shop);
        using var crm = new NamespaceClient(server, server.Crm);
        using var boss = new NamespaceClient(server, server.Admin);
        using var events = await shop.Events("");
        using var defaults = await boss.Events("");
        await Ready(events);
        await Ready(defaults);
        foreach (var (client, gid) in new[] { (crm, theirs), (boss, mine), (shop, mine) })
        {
            await client.Accept(new JsonObject { ["gid"] = gid, ["trans_type"] = "saga", ["wait_result"] = true });
        }

        var first = await Next(events);
        Assert.Equal((mine, "shop"), ((string?)first["gid"], (string?)first["namespace"]));
        var other = await Next(defaults);
        Assert.Equal((mine, null), ((string?)other["gid"], (string?)other["namespace"]));
        Assert.Equal(200, (await crm.Get($"/api/dtmsvr/wait?gid={theirs}&timeout=1")).Status);
        Assert.Equal(404, (await shop.Get($"/api/dtmsvr/wait?gid={theirs}&timeout=1")).Status);
        Assert.Equal(404, (await boss.Get($"/api/dtmsvr/wait?gid={theirs}&timeout=1")).Status);

        static async Task Ready(StreamReader reader)
        {
            while (await reader.ReadLineAsync(Cancel) is { } line && !line.Contains("ready", StringComparison.Ordinal))
            {
                // Its id comes first.
            }
        }

        static async Task<JsonNode> Next(StreamReader reader)
        {
            while (true)
            {
                var line = await reader.ReadLineAsync(Cancel) ?? throw new EndOfStreamException();
                if (line.StartsWith("data: {\"gid\"", StringComparison.Ordinal))
                {
                    return JsonNode.Parse(line[6..])!;
                }
            }
        }
    }
}
