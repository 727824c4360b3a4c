using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using CoordinatorClient = OrleansDtm.Protocol.Coordination.Coordinator.CoordinatorClient;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Security;

/// <summary>The audit log tells who did what, by every API, and who was refused.</summary>
public sealed class AuditTests(SecuredServer server) : IClassFixture<SecuredServer>
{
    /// <summary>A tcc that is not submitted: each operation finds it unfinished.</summary>
    private const string Prepared = """{"gid":"GID","trans_type":"tcc","timeout_to_fail":3600}""";

    private const string Branch =
        """
        {"gid":"GID","trans_type":"tcc","branch_id":"01","data":"",
         "confirm":"http://127.0.0.1:9/c","cancel":"http://127.0.0.1:9/x"}
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_operation_over_http_is_recorded_with_its_caller()
    {
        var gid = await Prepare();
        await Http(HttpMethod.Post, "registerBranch", server.Submit,
            Branch.Replace("GID", gid, StringComparison.Ordinal));
        await Http(
            HttpMethod.Post, "retryBranch", server.Admin, $$"""{"gid":"{{gid}}","branch_id":"01","op":"confirm"}""");
        await Http(HttpMethod.Post, "resolveBranch", server.Admin,
            $$"""{"gid":"{{gid}}","branch_id":"01","op":"confirm","reason":"paid by hand"}""");
        await Http(HttpMethod.Post, "resetNextCronTime", server.Admin, $$"""{"gid":"{{gid}}"}""");
        await Http(HttpMethod.Post, "forceStop", server.Admin, $$"""{"gid":"{{gid}}"}""");
        await Http(HttpMethod.Post, "forceStop", server.Admin, $$"""{"gid":"{{gid}}"}""");

        var records = await Records($"gid={gid}", 7);
        Assert.Equal(
            [
                ("prepare", "done", "shop", "submit"),
                ("registerBranch", "done", "shop", "submit"),
                ("retryBranch", "rejected", "boss", "admin"),
                ("resolveBranch", "rejected", "boss", "admin"),
                ("resetNextCronTime", "done", "boss", "admin"),
                ("forceStop", "done", "boss", "admin"),
                ("forceStop", "rejected", "boss", "admin"),
            ],
            records.Select(static r => (Text(r, "action"), Text(r, "outcome"), Text(r, "caller"), Text(r, "role"))));
        Assert.All(records, r => Assert.Equal(("key", "127.0.0.1"), (Text(r, "kind"), Text(r, "address"))));
        Assert.Equal(("prepared", "failed"), (Text(records[5], "before"), Text(records[5], "after")));
        Assert.Contains("because paid by hand", Text(records[3], "detail"), StringComparison.Ordinal);
        var stopped = await Get($"query?gid={gid}", server.Read);
        Assert.Equal(
            "stopped by force, without compensation, by key 'boss' from 127.0.0.1",
            (string?)stopped["transaction"]!["rollback_reason"]);
    }

    [Fact]
    public async Task Topics_and_the_reset_of_many_are_recorded_without_secrets()
    {
        var topic = "t" + Guid.NewGuid().ToString("N");
        const string url = "http%3A%2F%2F127.0.0.1%3A9%2Fx%3Ftoken%3Dsecret-value";
        await Http(HttpMethod.Post, $"subscribe?topic={topic}&url={url}", server.Admin, "");
        await Http(HttpMethod.Get, $"unsubscribe?topic={topic}&url={url}", server.Admin, "");
        await Http(HttpMethod.Delete, $"topic/{topic}", server.Admin, "");
        await Http(HttpMethod.Post, "resetCronTime", server.Admin, "");

        foreach (var action in (string[])["subscribe", "unsubscribe", "deleteTopic"])
        {
            var record = Assert.Single(
                await Records($"action={action}"),
                r => Text(r, "detail").Contains(topic, StringComparison.Ordinal));
            Assert.DoesNotContain("secret-value", record.ToString(), StringComparison.Ordinal);
        }

        Assert.Contains("0 transactions", Text((await Records("action=resetCronTime"))[^1], "detail"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Grpc_json_rpc_and_the_page_are_recorded_like_http()
    {
        var gid = "g" + Guid.NewGuid().ToString("N");
        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var submitter = new Metadata { { "x-api-key", server.Submit } };
        var request = new DtmRequest { Gid = gid, TransType = "tcc" };
        await new DtmClient(channel).PrepareAsync(request, submitter, cancellationToken: Cancel);
        await JsonRpc("abort", server.Submit, $$"""{"gid":"{{gid}}","trans_type":"saga"}""");
        var page = await Prepare();
        using (var answer = await Send(
            HttpMethod.Post, "/ui/api/force-stop", server.Admin, $$"""{"gid":"{{page}}"}"""))
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await new CoordinatorClient(channel).ForceStopAsync(
            new GidRequest { Gid = gid },
            new Metadata { { "authorization", $"Bearer {server.Issuer.Token("admin")}" } },
            cancellationToken: Cancel);

        Assert.Equal(
            [("prepare", "done", "key"), ("abort", "rejected", "key"), ("forceStop", "done", "token")],
            (await Records($"gid={gid}", 3)).Select(r => (Text(r, "action"), Text(r, "outcome"), Text(r, "kind"))));
        Assert.Equal("forceStop", Text((await Records($"gid={page}", 2))[^1], "action"));
    }

    [Fact]
    public async Task Refused_attempts_are_recorded_alike()
    {
        var before = (await Records("outcome=refused&limit=1000")).Count;
        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var reader = new Metadata { { "x-api-key", server.Read } };
        await Http(HttpMethod.Post, "forceStop", server.Read, """{"gid":"g"}""");
        await Http(HttpMethod.Post, "abort", server.Read, """{"gid":"g"}""");
        await JsonRpc("abort", server.Read, """{"gid":"g"}""");
        (await Send(HttpMethod.Post, "/ui/api/force-stop", server.Read, """{"gid":"g"}""")).Dispose();
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new CoordinatorClient(channel)
            .ForceStopAsync(new GidRequest { Gid = "g" }, reader, cancellationToken: Cancel));
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        await Http(HttpMethod.Post, "forceStop", "odtm_nonsense", """{"gid":"g"}""");

        var records = (await Records("outcome=refused&limit=1000", before + 6))[before..];
        Assert.Equal(
            [
                ("forceStop", "reader"), ("abort", "reader"), ("abort", "reader"), ("forceStop", "reader"),
                ("forceStop", "reader"), ("forceStop", ""),
            ],
            records.Select(static r => (Text(r, "action"), Text(r, "caller"))));
        Assert.All(records[..5], r => Assert.Contains("the role", Text(r, "detail"), StringComparison.Ordinal));
        Assert.Equal("anonymous", Text(records[5], "kind"));
    }

    [Fact]
    public async Task Sign_ins_and_sign_outs_are_recorded()
    {
        var before = (await Records("action=signIn&limit=1000")).Count;
        using var http = new HttpClient { BaseAddress = server.Url };
        using var body = new StringContent($$"""{"key":"{{server.Read}}"}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/ui/session", body, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        var unknown = new string('x', 50);
        using var wrong = new StringContent($$"""{"key":"{{unknown}}"}""", Encoding.UTF8, "application/json");
        (await http.PostAsync("/ui/session", wrong, Cancel)).Dispose();

        var records = (await Records("action=signIn&limit=1000", before + 2))[before..];
        Assert.Equal(
            [("done", "reader"), ("refused", "")],
            records.Select(static r => (Text(r, "outcome"), Text(r, "caller"))));

        var view = JsonNode.Parse(await http.GetStringAsync("/ui/session", Cancel))!;
        using var signOut = new HttpRequestMessage(HttpMethod.Delete, "/ui/session");
        signOut.Headers.Add("X-Csrf-Token", (string?)view["csrf"]);
        signOut.Headers.Add("Sec-Fetch-Site", "same-origin");
        (await http.SendAsync(signOut, Cancel)).Dispose();
        Assert.Equal("reader", Text((await Records("action=signOut", 1))[^1], "caller"));
    }

    [Fact]
    public async Task Only_administrators_read_it_and_filters_are_checked()
    {
        Assert.Equal(HttpStatusCode.Forbidden, await Http(HttpMethod.Get, "audit", server.Submit, ""));
        using (var page = await Send(HttpMethod.Get, "/ui/api/audit", server.Read, ""))
        {
            Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        }

        foreach (var query in (string[])["outcome=maybe", "from=yesterday", "limit=0", "position=x"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, await Http(HttpMethod.Get, $"audit?{query}", server.Admin, ""));
        }

        await Prepare();
        await Prepare();
        var first = await Get("audit?action=prepare&limit=1", server.Admin);
        var second = await Get($"audit?action=prepare&limit=1&position={first["next_position"]}", server.Admin);
        Assert.NotEqual(
            (string?)first["records"]!.AsArray().Single()!["gid"],
            (string?)second["records"]!.AsArray().Single()!["gid"]);
    }

    private static string Text(JsonNode record, string name) => (string?)record[name] ?? "";

    private async Task<string> Prepare()
    {
        var gid = "g" + Guid.NewGuid().ToString("N");
        var body = Prepared.Replace("GID", gid, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await Http(HttpMethod.Post, "prepare", server.Submit, body));
        await Records($"gid={gid}", 1);
        return gid;
    }

    /// <summary>The records of a filter, the oldest first, once there are as many.</summary>
    private async Task<List<JsonNode>> Records(string filter, int count = 0)
    {
        List<JsonNode> found = [];
        await Poll.Until(
            async () =>
            {
                var view = await Get($"audit?{filter}", server.Admin);
                found = [.. view["records"]!.AsArray().Select(static r => r!).Reverse()];
                return found.Count >= count;
            },
            Poll.Patience,
            () => $"{filter}: {found.Count} of {count} records",
            Cancel);
        return found;
    }

    private async Task<JsonNode> Get(string path, string key)
    {
        using var answer = await Send(HttpMethod.Get, $"/api/dtmsvr/{path}", key, "");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
    }

    private async Task<HttpStatusCode> Http(HttpMethod method, string path, string key, string body)
    {
        using var answer = await Send(method, $"/api/dtmsvr/{path}", key, body);
        return answer.StatusCode;
    }

    private async Task JsonRpc(string method, string key, string parameters) =>
        (await Send(
            HttpMethod.Post,
            "/api/json-rpc",
            key,
            $$"""{"jsonrpc":"2.0","id":"1","method":"{{method}}","params":{{parameters}}}""")).Dispose();

    private async Task<HttpResponseMessage> Send(HttpMethod method, string path, string key, string body)
    {
        using var http = new HttpClient { BaseAddress = server.Url };
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("X-Api-Key", key);
        if (method != HttpMethod.Get)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return await http.SendAsync(request, Cancel);
    }
}
