using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.WireTests.OpenApi;

/// <summary>The answers of a running server are those that the OpenAPI document describes.</summary>
public sealed class AnswerTests(SecuredServer server) : IClassFixture<SecuredServer>, IDisposable
{
    private const string EmptyStep = """{"action":"","compensate":""}""";

    private readonly ApiDescription _api = new();
    private readonly HttpClient _http = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    /// <summary>Who has seen the document can send its examples.</summary>
    [Fact]
    public async Task Every_example_of_a_request_gets_a_described_answer()
    {
        foreach (var (path, method, operation) in _api.Operations)
        {
            var examples = operation["requestBody"]?["content"]?["application/json"]?["examples"]?.AsObject();
            foreach (var body in examples?.Select(static e => e.Value!["value"]) ?? [null])
            {
                var (status, _) = await Send(operation, method, Url(path, operation), body, server.Admin);
                Assert.True(
                    status is not (400 or 401 or 403 or >= 500), $"{operation["operationId"]} answered {status}");
            }
        }
    }

    [Fact]
    public async Task Without_a_key_and_without_the_role_the_answers_are_as_described()
    {
        var roles = 0;
        var secured = _api.Operations.Where(static o => o.Operation["security"] is not null);
        foreach (var (path, method, operation) in secured)
        {
            var url = Url(path, operation);
            Assert.Equal(401, (await Send(operation, method, url, new JsonObject(), key: null)).Status);
            var text = (string)operation["description"]!;
            if (text.EndsWith("Role: admin.", StringComparison.Ordinal)
                || text.EndsWith("Role: submit.", StringComparison.Ordinal))
            {
                Assert.Equal(403, (await Send(operation, method, url, new JsonObject(), server.Read)).Status);
                roles++;
            }
        }

        Assert.True(roles > 15, $"{roles} operations need more than read");
    }

    [Theory]
    [InlineData("submitTransaction", """{"gid":"GID","trans_type":"sage"}""", 400)]
    [InlineData("submitTransaction", """{"gid":"GID","trans_type":"tcc"}""", 404)]
    [InlineData("prepareTransaction", """{"gid":"GID","trans_type":"saga"}""", 400)]
    [InlineData("abortTransaction", """{"gid":"GID","trans_type":"tcc"}""", 404)]
    [InlineData("registerBranch", """{"gid":"GID","trans_type":"xa","branch_id":"1","url":"http://a/"}""", 409)]
    [InlineData("forceStopTransaction", """{"gid":"GID"}""", 404)]
    [InlineData("retryBranch", """{"gid":"GID","branch_id":"01","op":"action"}""", 404)]
    [InlineData("resolveBranch", """{"gid":"GID","branch_id":"01","op":"action"}""", 400)]
    [InlineData("callJsonRpc", """{"jsonrpc":"2.0","id":"1","method":"submit","params":{}}""", 200)]
    [InlineData("callJsonRpc", """{"jsonrpc":"2.0","id":7,"method":"submit"}""", 200)]
    public async Task A_refused_request_gets_the_described_answer(string id, string body, int expected)
    {
        var text = body.Replace("GID", SagaBody.NewGid(), StringComparison.Ordinal);
        Assert.Equal(expected, (await Post(id, text, server.Admin)).Status);
    }

    [Fact]
    public async Task A_saga_that_waits_is_answered_as_described_whatever_its_end()
    {
        var gid = SagaBody.NewGid();
        var saga = $$"""
            {"gid":"{{gid}}","trans_type":"saga","steps":[{{EmptyStep}}],"payloads":[""],"wait_result":true}
            """;
        Assert.Equal(200, (await Post("submitTransaction", saga, server.Submit)).Status);
        Assert.Equal(409, (await Post("submitTransaction", saga, server.Submit)).Status);
        var stopped = await Post("forceStopTransaction", $$"""{"gid":"{{gid}}"}""", server.Admin);
        Assert.Equal(409, stopped.Status);

        // Nothing listens there: the saga continues.
        var waiting = SagaBody.NewGid();
        var refused = $"http://127.0.0.1:{FreePort.Next()}/";
        var ongoing = await Post("submitTransaction", $$"""
            {"gid":"{{waiting}}","trans_type":"saga","steps":[{"action":"{{refused}}","compensate":""}],"payloads":[""],
             "wait_result":true,"branch_headers":{"X-Shop":"1"},"callback_url":"http://127.0.0.1:1/"}
            """, server.Submit);
        Assert.Equal(425, ongoing.Status);

        foreach (var (known, key) in new[] { (gid, server.Read), (waiting, server.Admin) })
        {
            var (status, view) = await Send(
                _api.Operation("getTransaction"), "get", $"/api/dtmsvr/query?gid={known}", null, key);
            Assert.Equal((200, known), (status, (string?)JsonNode.Parse(view)!["transaction"]!["gid"]));
        }

        var (_, page) = await Send(_api.Operation("listTransactions"), "get", "/api/dtmsvr/all", null, server.Read);
        Assert.NotEmpty(JsonNode.Parse(page)!["transactions"]!.AsArray());
        var (_, log) = await Send(_api.Operation("listAuditRecords"), "get", "/api/dtmsvr/audit", null, server.Admin);
        Assert.NotEmpty(JsonNode.Parse(log)!["records"]!.AsArray());
    }

    [Fact]
    public async Task The_limits_of_a_caller_are_answered_as_described()
    {
        var large = $$"""{"gid":"g","trans_type":"saga","custom_data":"{{new string('x', 4096)}}"}""";
        Assert.Equal(413, (await Post("submitTransaction", large, server.Small)).Status);

        var statuses = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            var (status, _) = await Send(_api.Operation("newGid"), "get", "/api/dtmsvr/newGid", null, server.Slow);
            statuses.Add(status);
        }

        Assert.Contains(429, statuses);
    }

    private Task<(int Status, string Body)> Post(string id, string body, string key)
    {
        var (path, method, operation) = _api.Operations.Single(o => (string?)o.Operation["operationId"] == id);
        return Send(operation, method, path, JsonNode.Parse(body), key);
    }

    /// <summary>The path with its required parameters.</summary>
    private static string Url(string path, JsonObject operation)
    {
        var query = new List<string>();
        foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
        {
            var name = (string)parameter!["name"]!;
            var value = name switch { "cat" => "topics", "url" => "http://mail.example/send", _ => "openapi-1" };
            if ((string?)parameter["in"] == "path")
            {
                path = path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
            }
            else if ((bool?)parameter["required"] == true)
            {
                query.Add($"{name}={Uri.EscapeDataString(value)}");
            }
        }

        return query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
    }

    /// <summary>Sends the request, and asserts that the answer is described.</summary>
    private async Task<(int Status, string Body)> Send(
        JsonObject operation, string method, string url, JsonNode? body, string? key)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), new Uri(server.Url, url));
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (body is not null && method == "post")
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);

        // A stream of events does not end.
        var text = answer.Content.Headers.ContentType?.MediaType == "text/event-stream"
            ? ""
            : await answer.Content.ReadAsStringAsync(Cancel);
        _api.Check(operation, (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, text);
        return ((int)answer.StatusCode, text);
    }
}
