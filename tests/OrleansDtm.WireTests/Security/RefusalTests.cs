using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Security;

/// <summary>Forbidden requests are rejected with a clear message, the same over HTTP, JSON-RPC and gRPC.</summary>
public sealed class RefusalTests(SecuredServer server) : IClassFixture<SecuredServer>
{
    private const string Http = "http";
    private const string JsonRpc = "json-rpc";
    private const string Grpc = "grpc";
    private const string NotAHost = "not a host name or address";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Hosts { get; } = Each(
        ("http://169.254.169.254/latest/meta-data/", "link-local"),
        ("http://2852039166/", "169.254.169.254"),
        ("http://[::ffff:127.0.0.1]:9/", "127.0.0.1; write that"),
        ("http://10.66.1.1/x", "10.66.0.0/16"),
        ("http://bank.denied.test/x", "*.denied.test"),
        ("http://user:secret@bank.test/x", "branch_headers"),
        ("http://bank.test@evil.test/x", "branch_headers"),
        ("http://bank.test/x\r\nHost: evil", "control character"),
        ("http://bank.test/a b", "space"));

    public static TheoryData<string, string, string> HostHeaders { get; } = Each(
        ("bank.denied.test", "*.denied.test"),
        ("BANK.denied.test.:8080", "*.denied.test"),
        ("169.254.169.254", "link-local"),
        ("2852039166", "169.254.169.254"),
        ("[::ffff:10.66.1.1]", "10.66.1.1; write that"),
        ("10.66.1.1:8080", "10.66.0.0/16"),
        ("", NotAHost), ("a b", NotAHost), ("a@b", NotAHost), ("a/b", NotAHost), ("a,b", NotAHost),
        ("bank.test:99999", NotAHost), ("bank.test:x", NotAHost), ("[::1", NotAHost), ("xn--0", NotAHost));

    public static TheoryData<string, string, string> Headers { get; } = Each(
        ("x-tenant", "a\r\nx-admin: 1"), ("x-tenant", "a\nb"), ("x tenant", "a"), ("x-tenänt", "a"), (
            "x-tenant", "a\0b"));

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task A_branch_that_may_not_be_called(string protocol, string url, string word)
    {
        var refusal = await Submit(protocol, server.Submit, action: url);

        Assert.True(refusal.IsInvalid, refusal.Text);
        Assert.Contains(word, refusal.Text, StringComparison.Ordinal);
        Assert.Contains("action", refusal.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task A_branch_header_that_would_become_something_else(string protocol, string name, string value)
    {
        var refusal = await Submit(protocol, server.Submit, headers: (name, value));

        Assert.True(refusal.IsInvalid, refusal.Text);
        Assert.Contains("branch_headers", refusal.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(HostHeaders))]
    public async Task A_Host_header_that_no_URL_may_have(string protocol, string host, string word)
    {
        var refusal = await Submit(protocol, server.Submit, action: "http://bank.test/x", headers: ("hOST", host));

        Assert.True(refusal.IsInvalid, refusal.Text);
        Assert.Contains("branch_headers", refusal.Text, StringComparison.Ordinal);
        Assert.Contains(word, refusal.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("callback_url")]
    [InlineData("query_prepared")]
    public async Task The_other_URLs_of_a_transaction_are_judged_too(string field)
    {
        var body = Saga("", ("x", "y"));
        body[field] = "http://169.254.169.254/";
        var (status, text) = await Post("/api/dtmsvr/submit", server.Submit, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(field, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_are_those_of_registered_branches_and_of_subscribers()
    {
        var branch = new JsonObject
        {
            ["gid"] = "registers",
            ["trans_type"] = "tcc",
            ["branch_id"] = "01",
            ["confirm"] = "http://169.254.169.254/",
            ["cancel"] = "http://bank.test/",
        };
        var (registered, text) = await Post("/api/dtmsvr/registerBranch", server.Submit, branch);
        var (subscribed, words) = await Post(
            "/api/dtmsvr/subscribe?topic=a&url=http%3A%2F%2F169.254.169.254%2F", server.Admin, []);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (registered, subscribed));
        Assert.Contains("link-local", text, StringComparison.Ordinal);
        Assert.Contains("link-local", words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Http)]
    [InlineData(JsonRpc)]
    [InlineData(Grpc)]
    public async Task A_body_larger_than_its_caller_may_send(string protocol)
    {
        var refusal = await Submit(protocol, server.Small, action: "http://bank.test/" + new string('x', 3000));

        Assert.True(refusal.IsTooLarge, refusal.Text);
    }

    [Theory]
    [InlineData(Http)]
    [InlineData(JsonRpc)]
    [InlineData(Grpc)]
    public async Task A_body_larger_than_anybody_may_send(string protocol)
    {
        var refusal = await Submit(protocol, server.Submit, action: "http://bank.test/" + new string('x', 5 << 20));

        Assert.True(refusal.IsTooLarge, refusal.Text);
    }

    /// <summary>
    /// Redirects are not followed, because they could lead to a forbidden target. The attempt's error shows that.
    /// </summary>
    [Fact]
    public async Task A_redirect_is_not_followed_and_is_no_answer()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act", new Reply(302, "") { Location = "http://169.254.169.254/" });
        var body = Saga(busi.Url + "/Act", ("x", "y"));
        var gid = (string)body["gid"]!;
        Assert.Equal(HttpStatusCode.OK, (await Post("/api/dtmsvr/submit", server.Submit, body)).Status);

        JsonNode? shown = null;
        await Poll.Until(
            async () =>
                (string?)(shown = await Query(gid, server.Read))["branches"]?[1]?["last_error"] is { Length: > 0 },
            Poll.Patience,
            () => $"no error in {shown}",
            Cancel);
        Assert.Contains(
            "a redirect, which is not followed",
            (string?)shown!["branches"]![1]!["last_error"],
            StringComparison.Ordinal);
        Assert.Equal("submitted", (string?)shown["transaction"]!["status"]);
        await Post("/api/dtmsvr/forceStop", server.Admin, new JsonObject { ["gid"] = gid });
    }

    [Fact]
    public async Task A_header_that_proves_something_is_shown_to_administrators_only()
    {
        var body = Saga("", ("Authorization", "Bearer of-the-bank"));
        body["branch_headers"]!["x-tenant"] = "blue";
        body["branch_headers"]!["X-Session-Token"] = "of-the-session";
        Assert.Equal(HttpStatusCode.OK, (await Post("/api/dtmsvr/submit", server.Submit, body)).Status);

        var reader = (await Query((string)body["gid"]!, server.Read)).ToJsonString();
        var boss = (await Query((string)body["gid"]!, server.Admin)).ToJsonString();
        Assert.DoesNotContain("of-the-", reader, StringComparison.Ordinal);
        Assert.Contains("blue", reader, StringComparison.Ordinal);
        Assert.Contains("of-the-bank", boss, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_too_often_is_told_when_to_come_again()
    {
        HttpResponseMessage? refused = null;
        using var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.Add("X-Api-Key", server.Slow);
        for (var i = 0; i < 50 && refused is null; i++)
        {
            var answer = await http.GetAsync(new Uri("/api/dtmsvr/newGid", UriKind.Relative), Cancel);
            refused = answer.StatusCode == HttpStatusCode.TooManyRequests ? answer : null;
        }

        Assert.NotNull(refused);
        Assert.NotNull(refused.Headers.RetryAfter);
        var text = await refused.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("'slow' has exceeded its request rate", text, StringComparison.Ordinal);

        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var statuses = new List<StatusCode>();
        for (var i = 0; i < 50 && !statuses.Contains(StatusCode.ResourceExhausted); i++)
        {
            try
            {
                await new DtmClient(channel).NewGidAsync(
                    new(), new Metadata { { "x-api-key", server.Slow } }, cancellationToken: Cancel);
            }
            catch (RpcException e)
            {
                statuses.Add(e.StatusCode);
            }
        }

        Assert.Contains(StatusCode.ResourceExhausted, statuses);
    }

    private static TheoryData<string, string, string> Each(params (string First, string Second)[] cases)
    {
        var data = new TheoryData<string, string, string>();
        foreach (var protocol in new[] { Http, JsonRpc, Grpc })
        {
            foreach (var (first, second) in cases)
            {
                data.Add(protocol, first, second);
            }
        }

        return data;
    }

    private static JsonObject Saga(string action, (string Name, string Value) header) => new()
    {
        ["gid"] = "refusal-" + Guid.NewGuid().ToString("N"),
        ["trans_type"] = "saga",
        ["steps"] = new JsonArray(new JsonObject { ["action"] = action, ["compensate"] = "" }),
        ["payloads"] = new JsonArray("{}"),
        ["branch_headers"] = new JsonObject { [header.Name] = header.Value },
    };

    private async Task<Refusal> Submit(
        string protocol, string key, string action = "", (string Name, string Value)? headers = null)
    {
        var body = Saga(action, headers ?? ("x", "y"));
        switch (protocol)
        {
            case Http:
                var (status, text) = await Post("/api/dtmsvr/submit", key, body);
                var isRefusal = status == HttpStatusCode.BadRequest
                    && (string?)JsonNode.Parse(text)!["message"] is { Length: > 0 };
                return new Refusal(text, isRefusal, IsLarge((int)status, text));
            case JsonRpc:
                var call =
                    new JsonObject { ["jsonrpc"] = "2.0", ["id"] = "1", ["method"] = "submit", ["params"] = body };
                var (rpc, answer) = await Post("/api/json-rpc", key, call);
                return new Refusal(
                    answer, (int?)JsonNode.Parse(answer)?["error"]?["code"] == -32603, IsLarge((int)rpc, answer));
            default:
                return await SubmitGrpc(key, body);
        }
    }

    private static bool IsLarge(int status, string text) =>
        status is 413 or 400
        && (text.Contains("too large", StringComparison.Ordinal) || text.Contains("larger", StringComparison.Ordinal));

    private async Task<Refusal> SubmitGrpc(string key, JsonObject body)
    {
        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var request = new DtmRequest
        {
            Gid = (string)body["gid"]!,
            TransType = "saga",
            Steps = body["steps"]!.ToJsonString(),
            TransOptions = new DtmTransOptions(),
        };
        request.BinPayloads.Add(Google.Protobuf.ByteString.Empty);
        foreach (var (name, value) in body["branch_headers"]!.AsObject())
        {
            request.TransOptions.BranchHeaders.Add(name, (string?)value);
        }

        var e = await Assert.ThrowsAsync<RpcException>(() => new DtmClient(channel).SubmitAsync(
            request, new Metadata { { "authorization", "Bearer " + key } }, cancellationToken: Cancel).ResponseAsync);
        return new Refusal(
            e.Status.ToString(),
            e.StatusCode == StatusCode.InvalidArgument,
            e.StatusCode == StatusCode.ResourceExhausted
                && (e.Status.Detail.Contains("larger", StringComparison.Ordinal)
                    || e.Status.Detail.Contains("size", StringComparison.Ordinal)));
    }

    private async Task<JsonNode> Query(string gid, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, $"/api/dtmsvr/query?gid={gid}"))
        {
            Headers = { { "X-Api-Key", key } },
        };
        using var http = new HttpClient();
        using var answer = await http.SendAsync(request, Cancel);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
    }

    /// <param name="body">The body; null = GET.</param>
    private async Task<(HttpStatusCode Status, string Text)> Post(string path, string key, JsonObject? body)
    {
        using var http = new HttpClient { BaseAddress = server.Url };
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path)
        {
            Headers = { { "X-Api-Key", key } },
        };
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            request.Headers.ExpectContinue = true; // A rejection can arrive before the body is sent.
        }

        using var answer = await http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }

    private sealed record Refusal(string Text, bool IsInvalid, bool IsTooLarge);
}
