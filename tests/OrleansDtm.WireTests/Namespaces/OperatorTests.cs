using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Import;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Cli;
using Xunit;

namespace OrleansDtm.WireTests.Namespaces;

/// <summary>Operators work on one namespace: jobs, retries of all, the audit log, odtm and export.</summary>
public sealed class OperatorTests(NamespacedServer server) : IClassFixture<NamespacedServer>
{
    private static readonly string?[] Spaces = [null, "crm", "shop"];

    [Fact]
    public async Task A_job_and_a_retry_of_all_change_one_namespace()
    {
        await using var busi = await Participant.Start(static _ => Reply.Error);
        var (gid, clients) = (SagaBody.NewGid(), Spaces.Select(Boss).ToArray());
        foreach (var client in clients)
        {
            await client.Accept(SagaBody.Of(gid, busi, 1).With("retry_interval", 3600));
            await Waiting(client, gid);
        }

        Assert.Equal(3, busi.Calls.Count);
        var reset = await clients[1].Send("POST", "/api/dtmsvr/resetCronTime?timeout=0", null);
        Assert.Equal(1, (int)reset.Json!["succeed_count"]!);
        Assert.Equal("crm", (await busi.Called("/Act1", 4)).Headers["x-dtm-namespace"]);

        var job = await clients[1].Post("batch", new JsonObject
        {
            ["operation"] = "force_stop",
            ["filter"] = new JsonObject { ["gid_prefix"] = gid },
            ["reason"] = "over",
        });
        var id = (string)job.Json!["id"]!;
        await clients[1].Until("failed", gid);
        JsonNode done = null!;
        await Poll.Until(
            async () =>
                (string?)(done = (await clients[1].Get($"/api/dtmsvr/batch?id={id}")).Json!)["status"] == "done",
            Poll.Patience,
            () => done.ToJsonString(),
            TestContext.Current.CancellationToken);
        Assert.Equal(gid, (string?)Assert.Single(done["sample"]!.AsArray()));
        Assert.DoesNotContain(id, (await clients[0].Get("/api/dtmsvr/batches")).Text, StringComparison.Ordinal);
        Assert.Equal(404, (await clients[0].Get($"/api/dtmsvr/batch?id={id}")).Status);
        Assert.Equal(404, (await clients[2].Post("batchStop", new JsonObject { ["id"] = id })).Status);
        foreach (var client in new[] { clients[0], clients[2] })
        {
            Assert.Equal("submitted", (string?)(await client.Transaction(gid))!["status"]);
            Assert.Equal(200, (await client.Post("forceStop", new JsonObject { ["gid"] = gid })).Status);
        }

        for (var i = 0; i < clients.Length; i++)
        {
            var audit = (await clients[i].Get($"/api/dtmsvr/audit?gid={gid}&action=forceStop")).Json!;
            var record = Assert.Single(audit["records"]!.AsArray())!;
            Assert.Equal((gid, Spaces[i], "submitted"), (
                (string?)record["gid"], (string?)record["namespace"], (string?)record["before"]));
            var all = (await clients[i].Get("/api/dtmsvr/audit")).Json!["records"]!.AsArray();
            Assert.All(all, r => Assert.Equal(Spaces[i], (string?)r!["namespace"]));
            clients[i].Dispose();
        }
    }

    [Fact]
    public async Task Odtm_and_export_name_the_namespace()
    {
        var gid = SagaBody.NewGid();
        using var crm = Boss("crm");
        await crm.Accept(PatternBodies.Of(gid, "tcc"), "prepare");
        var url = server.Url.ToString();
        Assert.Equal(3, (await Run(server.Admin, null, "show", gid)).Code);
        var shown = await Run(server.Admin, null, "show", gid, "--namespace", "crm");
        shown.Ends(0);
        Assert.Contains("namespace", shown.Output, StringComparison.Ordinal);
        Assert.Contains($"odtm force-stop {gid} --reason TEXT --namespace crm", shown.Output, StringComparison.Ordinal);
        Assert.Contains(gid, (await Run(server.Admin, "crm", "list")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(gid, (await Run(server.Admin, null, "list")).Output, StringComparison.Ordinal);
        (await Run(server.Shop, null, "list", "--namespace", "crm")).Ends(4);
        (await Run(server.Admin, null, "list", "--namespace", "c\u00e9")).Ends(2);

        string[] export = ["export", $"--gid={gid}", $"--server={url}", $"--key={server.Admin}"];
        Assert.Equal(1, (await ServerCommand.Run(export)).Code);
        var ofServer = await ServerCommand.Run([.. export, "--namespace=crm"]);
        ofServer.Ends(0);
        string[] store = ["export", $"--Store:Path={server.StorePath}"];
        Assert.Equal(1, (await ServerCommand.Run([.. store, $"--gid={gid}"])).Code);
        var ofStore = await ServerCommand.Run([.. store, $"--gid={gid}", "--namespace=crm"]);
        ofStore.Ends(0);
        foreach (var output in new[] { ofServer.Output, ofStore.Output })
        {
            var transaction = JsonNode.Parse(output)!["transaction"]!;
            Assert.Equal((gid, "crm"), ((string?)transaction["gid"], (string?)transaction["namespace"]));
        }

        var all = await ServerCommand.Run(store);
        Assert.Contains(all.Output.Split('\n'), line => line.Contains(gid, StringComparison.Ordinal)
            && line.Contains("\"namespace\":\"crm\"", StringComparison.Ordinal));
        Assert.Equal(2, (await ServerCommand.Run([.. store, "--namespace=Crm"])).Code);
    }

    /// <param name="key">The value of ODTM_KEY.</param>
    /// <param name="space">The value of ODTM_NAMESPACE; null = none.</param>
    /// <param name="args">The command line.</param>
    private Task<Odtm> Run(string key, string? space, params string[] args)
    {
        var variables = new Dictionary<string, string> { ["ODTM_KEY"] = key };
        if (space is not null)
        {
            variables["ODTM_NAMESPACE"] = space;
        }

        return Odtm.Run(new Surroundings(server.Url.ToString()) { Variables = variables }, args);
    }

    private NamespaceClient Boss(string? space) => new(server, server.Admin, space);

    private static Task Waiting(NamespaceClient client, string gid) => Poll.Until(
        async () => (await client.Get($"/api/dtmsvr/query?gid={gid}")).Text.Contains(
            "next_retry_time", StringComparison.Ordinal),
        Poll.Patience,
        () => $"{gid} does not wait",
        TestContext.Current.CancellationToken);
}
