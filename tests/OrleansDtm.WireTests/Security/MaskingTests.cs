using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Server.Checks;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>
/// Probable secrets in headers and URLs are shown only to administrators, and on the admin page never.
/// </summary>
public sealed class MaskingTests(SecuredServer server) : IClassFixture<SecuredServer>
{
    private const string Url = "http://127.0.0.1:9/pay?user=u1&session_id=sesame&X-Jwt=sesame&csrf=sesame&key=sesame&"
        + "%74oken=sesame&sig=sesame";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://a/?token=x&b=1#f", "http://a/?token=***&b=1#f")]
    [InlineData("http://a/?b=1&Api-Key=x%20y;z", "http://a/?b=1&Api-Key=***")]
    [InlineData("GET http://a/?password=x refused", "GET http://a/?password=*** refused")]
    [InlineData("""{"url":"http://a/?b=2\u0026jwt=x.y.z"}""", """{"url":"http://a/?b=2\u0026jwt=***"}""")]
    [InlineData("""{"v":"[{\"url\":\"http://a/?csrf=x\"}]"}""", """{"v":"[{\"url\":\"http://a/?csrf=***\"}]"}""")]
    [InlineData("http://a/?%74oken=x", "http://a/?%74oken=***")]
    [InlineData("http://a/?page=2&sort=asc", "http://a/?page=2&sort=asc")]
    [InlineData("token=x", "token=x")]
    public void Query_values_are_masked_by_their_names(string text, string masked)
    {
        Assert.Equal(masked, SecretHeaders.MaskQuery(text));
        Assert.Equal(masked, SecretNames.MaskQuery(text));
    }

    [Theory]
    [InlineData("Authorization", true)]
    [InlineData("X-Session-Id", true)]
    [InlineData("X-CSRF", true)]
    [InlineData("x-jwt-assertion", true)]
    [InlineData("Ocp-Apim-Subscription-Key", true)]
    [InlineData("X-Hub-Signature", true)]
    [InlineData("key", true)]
    [InlineData("Idempotency-Key", false)]
    [InlineData("x-tenant", false)]
    [InlineData("Content-Type", false)]
    public void Headers_are_masked_by_their_names(string name, bool isSecret) =>
        Assert.Equal(isSecret, SecretHeaders.IsSecret(name));

    [Fact]
    public async Task Every_way_to_read_a_transaction_and_a_topic_masks()
    {
        var gid = "masking-" + Guid.NewGuid().ToString("N");
        var body = new JsonObject
        {
            ["gid"] = gid,
            ["trans_type"] = "saga",
            ["steps"] = new JsonArray(new JsonObject { ["action"] = Url, ["compensate"] = "" }),
            ["payloads"] = new JsonArray("{}"),
            ["branch_headers"] = new JsonObject { ["X-Session"] = "sesame", ["X-Tenant"] = "t1" },
        };
        using var submitted = await Send(HttpMethod.Post, "/api/dtmsvr/submit", server.Submit, body);
        using var subscribed = await Send(
            HttpMethod.Post, $"/api/dtmsvr/subscribe?topic={gid}&url={Uri.EscapeDataString(Url)}", server.Admin);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (submitted.StatusCode, subscribed.StatusCode));

        foreach (var path in new[]
        {
            $"/api/dtmsvr/query?gid={gid}", $"/api/dtmsvr/all?gid={gid}", $"/api/dtmsvr/queryKV?cat=topics&key={gid}",
            "/api/dtmsvr/scanKV?cat=topics", $"/ui/api/query?gid={gid}", $"/ui/api/transaction?gid={gid}",
            "/ui/api/transactions", "/ui/api/topics",
        })
        {
            var text = await Text(path, server.Read);
            Assert.Contains(gid, text, StringComparison.Ordinal);
            Assert.DoesNotContain("sesame", text, StringComparison.Ordinal);
        }

        // Callers that may remove a subscriber see its URL.
        Assert.Contains("sesame", await Text($"/api/dtmsvr/query?gid={gid}", server.Admin), StringComparison.Ordinal);
        Assert.Contains(
            "sesame", await Text($"/api/dtmsvr/queryKV?cat=topics&key={gid}", server.Admin), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "sesame", await Text($"/ui/api/transaction?gid={gid}", server.Admin), StringComparison.Ordinal);

        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var grpc = new Coordinator.CoordinatorClient(channel);
        var reader = new Metadata { { "x-api-key", server.Read } };
        var found = await grpc.QueryAsync(new GidRequest { Gid = gid }, reader, cancellationToken: Cancel);
        var topic = await grpc.SubscribersAsync(new TopicRequest { Topic = gid }, reader, cancellationToken: Cancel);
        Assert.DoesNotContain("sesame", found.ToString() + topic, StringComparison.Ordinal);
        Assert.Contains("user=u1", found.ToString() + topic, StringComparison.Ordinal);
        using var stopped = await Send(
            HttpMethod.Post, "/api/dtmsvr/forceStop", server.Admin, new JsonObject { ["gid"] = gid });
    }

    /// <summary>Results are as exact as payloads: the application that reads them needs every byte.</summary>
    [Fact]
    public async Task A_result_is_exact_for_every_role()
    {
        const string Answer = """{"checkout":"https://pay.example/x?token=sesame&user=u1"}""";
        await using var busi = await Participant.Start();
        busi.On("/Act1", new Reply(200, Answer));
        var gid = "masking-" + Guid.NewGuid().ToString("N");
        var body = SagaBody.Of(gid, busi, 1).With("results", true).With("wait_result", true);
        using var submitted = await Send(HttpMethod.Post, "/api/dtmsvr/submit", server.Submit, body);
        var told = JsonNode.Parse(await submitted.Content.ReadAsStringAsync(Cancel))!["results"]![0]!;
        Assert.Equal(Answer, (string?)told["result"]);
        foreach (var key in (string[])[server.Read, server.Submit, server.Admin])
        {
            var branch = JsonNode.Parse(await Text($"/api/dtmsvr/query?gid={gid}", key))!["branches"]![1]!;
            Assert.Equal(
                Answer,
                (string?)branch["result"]
                    ?? Encoding.UTF8.GetString(Convert.FromBase64String((string)branch["bin_result"]!)));
        }

        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var found = await new Coordinator.CoordinatorClient(channel).QueryAsync(
            new GidRequest { Gid = gid },
            new Metadata { { "x-api-key", server.Read } },
            cancellationToken: Cancel);
        Assert.Equal(Answer, found.Branches[1].Result.ToStringUtf8());
    }

    private async Task<string> Text(string path, string key)
    {
        using var answer = await Send(HttpMethod.Get, path, key);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return text;
    }

    private async Task<HttpResponseMessage> Send(HttpMethod method, string path, string key, JsonObject? body = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri(server.Url, path))
        {
            Headers = { { "X-Api-Key", key } },
        };
        request.Content = body is null
            ? null
            : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return await http.SendAsync(request, Cancel);
    }
}
