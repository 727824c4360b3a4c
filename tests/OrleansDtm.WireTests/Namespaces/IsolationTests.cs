using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.OpenApi;
using Xunit;

namespace OrleansDtm.WireTests.Namespaces;

/// <summary>
/// Every operation of the OpenAPI document, called by keys of other namespaces with all names that exist in one: no
/// answer shows anything of it, and nothing of it changes.
/// </summary>
public sealed class IsolationTests(NamespacedServer server) : IClassFixture<NamespacedServer>
{
    /// <summary>In every text of the owner's data.</summary>
    private const string Marker = "secret-of-crm";

    private static readonly string Prefix = SagaBody.NewGid();

    private readonly ApiDescription _api = new();
    private readonly string _saga = Prefix + SagaBody.NewGid();
    private readonly string _tcc = Prefix + SagaBody.NewGid();
    private readonly string _flow = Prefix + SagaBody.NewGid();
    private readonly string _topic = Prefix + SagaBody.NewGid();

    /// <summary>Operations without data of a namespace; a new operation is in the test unless it is here.</summary>
    private static readonly string[] General = ["newGid", "getVersion", "ping"];

    [Theory]
    [InlineData("shop")]
    [InlineData("admin")]
    [InlineData("token")]
    public async Task No_operation_shows_or_changes_anything_of_another_namespace(string name)
    {
        await using var busi = await Participant.Start(static _ => new Reply(503, Marker));
        using var owner = new NamespaceClient(server, server.Crm);
        var job = await Prepare(owner, busi);
        var before = await Snapshot(owner, job);
        using var stranger = new NamespaceClient(server, name switch
        {
            "shop" => server.Shop,
            "admin" => server.Admin,
            _ => server.Issuer.Token("admin", static claims => claims["spaces"] = "hr"),
        });
        var seen = new List<string>();
        foreach (var (path, method, operation) in _api.Operations)
        {
            var id = (string)operation["operationId"]!;
            if (id == "getEvents" || operation["responses"]!["200"]?["content"]?["text/event-stream"] is not null)
            {
                continue; // A stream; see NamespaceTests.
            }

            foreach (var url in Urls(path, operation, job))
            {
                foreach (var body in Bodies(operation, job))
                {
                    var answer = await stranger.Send(method, url, body);
                    var text = answer.Text;
                    Assert.False(
                        text.Contains(Marker, StringComparison.OrdinalIgnoreCase)
                            || text.Contains('\u001f', StringComparison.Ordinal)
                            || text.Contains("u001f", StringComparison.OrdinalIgnoreCase)
                            || (id != "getMetrics" && text.Contains("\"crm\"", StringComparison.Ordinal)),
                        $"{id} {url} {body?.ToJsonString()} shows {answer.Status} {text}");
                    Assert.True(answer.Status < 500, $"{id} {url} answered {answer.Status} {text}");
                }
            }

            seen.Add(id);
        }

        Assert.True(seen.Count > 25, $"{seen.Count} operations");
        Assert.Equal(before, await Snapshot(owner, job));
        foreach (var page in new[]
        {
            "overview", "transactions", $"transaction?gid={_saga}", $"query?gid={_saga}", "topics",
            $"audit?gid={_saga}", "audit",
        })
        {
            var answer = await stranger.Get("/ui/api/" + page);
            Assert.True(
                answer.Status is 200 or 404 && !answer.Text.Contains(Marker, StringComparison.Ordinal)
                    && !answer.Text.Contains("u001f", StringComparison.OrdinalIgnoreCase),
                $"{page}: {answer.Status} {answer.Text}");
        }
    }

    [Fact]
    public async Task A_bound_caller_sees_no_metrics_and_no_counts_of_the_cluster()
    {
        using var shop = new NamespaceClient(server, server.Shop);
        using var crm = new NamespaceClient(server, server.Crm);
        using var boss = new NamespaceClient(server, server.Admin);
        var saga = new JsonObject { ["gid"] = SagaBody.NewGid(), ["trans_type"] = "saga", ["wait_result"] = true };
        await crm.Accept(saga);
        Assert.Equal(403, (await shop.Get("/api/metrics")).Status);
        Assert.Equal(200, (await boss.Get("/api/metrics")).Status);
        var overview = (await shop.Get("/ui/api/overview")).Json!;
        Assert.Empty(overview["silos"]!.AsArray());
        Assert.Empty(overview["slots"]!.AsArray());
        Assert.NotEmpty((await boss.Get("/ui/api/overview")).Json!["silos"]!.AsArray());
    }

    /// <summary>A saga that waits for a retry, a tcc, a workflow, a topic and a job of the owner.</summary>
    private async Task<string> Prepare(NamespaceClient owner, Participant busi)
    {
        var saga = SagaBody.Of(_saga, busi, 1)
            .With("retry_interval", 3600)
            .With("custom_data", "{}")
            .With("tags", new JsonObject { ["owner"] = Marker });
        saga["steps"]![0]!["action"] = $"{busi.Url}/{Marker}";
        await owner.Accept(saga);
        await owner.Accept(PatternBodies.Of(_tcc, "tcc").With("timeout_to_fail", 3600), "prepare");
        var branch = PatternBodies.TccBranch(_tcc, busi, 1).With("cancel", $"{busi.Url}/{Marker}");
        await owner.Accept(branch, "registerBranch");
        await owner.Post("prepareWorkflow", PatternBodies.Workflow(_flow, busi).With("retry_interval", 3600));
        await owner.Send("POST", $"/api/dtmsvr/subscribe?topic={_topic}&url={busi.Url}/{Marker}", null);
        await busi.Called("/" + Marker);
        var job = await owner.Post("batch", new JsonObject
        {
            ["operation"] = "retry",
            ["filter"] = new JsonObject { ["gid_prefix"] = Marker },
            ["reason"] = Marker,
        });
        var id = (string)job.Json!["id"]!;
        await Poll.Until(
            async () => (string?)(await owner.Get($"/api/dtmsvr/batch?id={id}")).Json!["status"] == "done",
            Poll.Patience,
            () => "the job is not done",
            TestContext.Current.CancellationToken);
        await Poll.Until(
            async () => ((await owner.Get($"/api/dtmsvr/query?gid={_saga}")).Text).Contains(
                "last_error", StringComparison.Ordinal),
            Poll.Patience,
            () => "the call did not fail",
            TestContext.Current.CancellationToken);
        return id;
    }

    /// <summary>Everything that the owner sees.</summary>
    private async Task<string> Snapshot(NamespaceClient owner, string job)
    {
        var texts = new List<string>();
        foreach (var read in new[]
        {
            $"query?gid={_saga}", $"query?gid={_tcc}", $"query?gid={_flow}", $"queryKV?cat=topics&key={_topic}",
            $"batch?id={job}", "batches", "scanKV?cat=topics", $"all?gid_prefix={Prefix}",
        })
        {
            var answer = await owner.Get("/api/dtmsvr/" + read);
            Assert.True(
                answer.Text.Contains(Marker, StringComparison.Ordinal)
                    || read.EndsWith(_flow, StringComparison.Ordinal),
                $"{read}: {answer.Text}");
            texts.Add(answer.Text);
        }

        return string.Join('\n', texts);
    }

    /// <summary>The path with each name that exists, as parameters and in the path.</summary>
    private List<string> Urls(string path, JsonObject operation, string job)
    {
        var id = (string)operation["operationId"]!;
        if (General.Contains(id))
        {
            return [path];
        }

        var names = operation["parameters"]?.AsArray()
            .Where(static p => (string?)p!["in"] == "query")
            .Select(static p => (string)p!["name"]!)
            .Where(static n => n != "namespace")
            .ToArray() ?? [];
        var urls = new List<string> { Of(_saga), Of(_tcc), Of(_flow) };
        foreach (var search in new[]
        {
            $"tag=owner:{Marker}", "tag=owner:*", $"gid_prefix={Prefix}", "error=e", "parked=true",
        })
        {
            if (names.Contains(search.Split('=')[0]))
            {
                urls.Add($"{path}?{search}");
            }
        }

        urls.Add(path.Replace("{topicName}", _topic, StringComparison.Ordinal));
        return urls;

        string Of(string gid)
        {
            var query = string.Join('&', names.Select(name => name switch
            {
                "gid" => $"gid={gid}",
                "topic" or "key" => $"{name}={_topic}",
                "cat" => "cat=topics",
                "url" => "url=http://other/",
                "id" => $"id={job}",
                "timeout" => "timeout=0",
                _ => "",
            }).Where(static pair => pair.Length > 0));
            return path.Replace("{topicName}", _topic, StringComparison.Ordinal)
                + (query.Length > 0 ? "?" + query : "");
        }
    }

    /// <summary>A body with every name that exists.</summary>
    private IEnumerable<JsonNode?> Bodies(JsonObject operation, string job)
    {
        if (operation["requestBody"] is null)
        {
            yield return null;
            yield break;
        }

        var id = (string)operation["operationId"]!;
        foreach (var (gid, type) in new[] { (_saga, "saga"), (_tcc, "tcc"), (_flow, "workflow") })
        {
            // Not a submit or prepare of a saga: it would be a transaction of the stranger's own.
            var body = new JsonObject
            {
                ["gid"] = gid,
                ["trans_type"] = id is "submitTransaction" or "prepareTransaction" or "prepareWorkflow" ? "tcc" : type,
                ["branch_id"] = "01",
                ["op"] = "action",
                ["reason"] = "because",
                ["confirm"] = "http://other/",
                ["cancel"] = "http://other/",
                ["id"] = job,
                ["operation"] = "force_stop",
                ["filter"] = new JsonObject { ["gid"] = gid },
            };
            if (id == "registerBranch" || id.StartsWith("register", StringComparison.Ordinal)
                || id.EndsWith("Branch", StringComparison.Ordinal))
            {
                body.Remove("filter");
            }

            if (id == "callJsonRpc")
            {
                body.Remove("filter");
                foreach (var method in new[] { "submit", "abort", "registerBranch" })
                {
                    yield return new JsonObject
                    {
                        ["jsonrpc"] = "2.0",
                        ["id"] = "1",
                        ["method"] = method,
                        ["params"] = body.DeepClone(),
                    };
                }

                continue;
            }

            yield return body;
        }
    }
}
