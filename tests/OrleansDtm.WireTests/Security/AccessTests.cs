using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Reflection.V1Alpha;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;
using Xunit;
using DtmApi = OrleansDtm.Protocol.Wire.Dtm;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Security;

/// <summary>The operations that each role may use, over each protocol.</summary>
public sealed class AccessTests : IClassFixture<SecuredServer>, IDisposable
{
    private readonly SecuredServer _server;
    private readonly HttpClient _http;
    private readonly GrpcChannel _channel;

    public AccessTests(SecuredServer server)
    {
        _server = server;
        _http = new HttpClient { BaseAddress = server.Url };
        _channel = GrpcChannel.ForAddress(server.GrpcUrl);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Apis { get; } = new()
    {
        { "GET", "/api/dtmsvr/newGid", "read" },
        { "GET", "/api/dtmsvr/query?gid=x", "read" },
        { "GET", "/api/dtmsvr/all", "read" },
        { "GET", "/api/dtmsvr/queryKV?cat=topics&key=x", "read" },
        { "GET", "/api/dtmsvr/scanKV?cat=topics", "read" },
        { "GET", "/api/metrics", "read" },
        { "POST", "/api/dtmsvr/submit", "submit" },
        { "POST", "/api/dtmsvr/prepare", "submit" },
        { "POST", "/api/dtmsvr/abort", "submit" },
        { "POST", "/api/dtmsvr/registerBranch", "submit" },
        { "POST", "/api/dtmsvr/registerTccBranch", "submit" },
        { "POST", "/api/dtmsvr/registerXaBranch", "submit" },
        { "POST", "/api/dtmsvr/prepareWorkflow", "submit" },
        { "POST", "/api/dtmsvr/forceStop", "admin" },
        { "POST", "/api/dtmsvr/resetNextCronTime", "admin" },
        { "GET", "/api/dtmsvr/resetCronTime", "admin" },
        { "POST", "/api/dtmsvr/resetCronTime", "admin" },
        { "GET", "/api/dtmsvr/subscribe?topic=a&url=http://x/", "admin" },
        { "POST", "/api/dtmsvr/subscribe?topic=a&url=http://x/", "admin" },
        { "GET", "/api/dtmsvr/unsubscribe?topic=a&url=http://x/", "admin" },
        { "DELETE", "/api/dtmsvr/topic/nobody", "admin" },
    };

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task Over_HTTP_each_api_asks_for_its_role(string method, string path, string role)
    {
        var (none, withNone) = await Send(method, path, null);
        Assert.Equal(HttpStatusCode.Unauthorized, none);
        Assert.Contains(
            "Authorization: Bearer", (string?)JsonNode.Parse(withNone)!["message"], StringComparison.Ordinal);
        Assert.DoesNotContain("FAILURE", withNone, StringComparison.Ordinal);

        var keys = new[] { ("read", _server.Read), ("submit", _server.Submit), ("admin", _server.Admin) };
        var least = Array.FindIndex(keys, k => k.Item1 == role);
        for (var i = 0; i < keys.Length; i++)
        {
            var (status, text) = await Send(method, path, keys[i].Item2);
            if (i < least)
            {
                Assert.Equal(HttpStatusCode.Forbidden, status);
                Assert.Contains(
                    $"the role {role} is needed", (string?)JsonNode.Parse(text)!["message"], StringComparison.Ordinal);
            }
            else
            {
                Assert.True(
                    status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden),
                    $"{keys[i].Item1}: {status} {text}");
            }
        }
    }

    [Theory]
    [InlineData("/api/ping")]
    [InlineData("/api/dtmsvr/version")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Probes_and_the_version_are_open(string path) =>
        Assert.Equal(HttpStatusCode.OK, (await Send("GET", path, null)).Status);

    [Fact]
    public async Task The_refusal_says_how_to_come_in_and_what_is_missing()
    {
        using var unknown = await _http.GetAsync(new Uri("/api/dtmsvr/all", UriKind.Relative), Cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/dtmsvr/forceStop")
        {
            Headers = { { "Authorization", "Bearer " + _server.Read } },
        };
        using var known = await _http.SendAsync(request, Cancel);

        Assert.Equal("Bearer", Assert.Single(unknown.Headers.WwwAuthenticate).Scheme);
        Assert.Contains("scope=\"admin\"", known.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_may_come_in_either_header_from_the_settings_or_the_file_and_not_after_its_end()
    {
        Assert.Equal(HttpStatusCode.OK, (await Send("GET", "/api/dtmsvr/all", _server.Read, "X-Api-Key")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Send("GET", "/api/dtmsvr/all", _server.Filed)).Status);
        var (status, text) = await Send("GET", "/api/dtmsvr/all", _server.Expired);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("expired", text, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Tokens { get; } = new()
    {
        { "expired", "expired" }, { "audience", "audience" }, { "issuer", "issuer" }, { "none", "algorithm|signature" },
        { "HS256", "algorithm|signature|key" }, { "endless", "expiry" }, { "forged", "signature|key" },
    };

    [Theory]
    [MemberData(nameof(Tokens))]
    public async Task A_token_that_is_not_good_is_refused(string kind, string words)
    {
        using var other = new Issuer();
        var token = kind switch
        {
            "expired" => _server.Issuer.Token(
                "admin", static c => c["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(-5).ToUnixTimeSeconds()),
            "audience" => _server.Issuer.Token("admin", static c => c["aud"] = "another"),
            "issuer" => _server.Issuer.Token("admin", static c => c["iss"] = "https://other.test/"),
            "endless" => _server.Issuer.Token("admin", static c => c.Remove("exp")),
            "forged" => other.Token("admin"),
            _ => _server.Issuer.Token("admin", algorithm: kind),
        };
        var (status, text) = await Send("GET", "/api/dtmsvr/all", token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.True(words.Split('|').Any(word => text.Contains(word, StringComparison.Ordinal)), text);
        Assert.DoesNotContain(token, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_token_has_the_roles_of_its_claim()
    {
        Assert.Equal(HttpStatusCode.OK, (await Send("GET", "/api/dtmsvr/all", _server.Issuer.Token("read"))).Status);
        Assert.Equal(
            HttpStatusCode.Forbidden, (await Send("POST", "/api/dtmsvr/submit", _server.Issuer.Token("read"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await Send(
            "GET", "/api/dtmsvr/all", _server.Issuer.Token("", static c => c["roles"] = "openid submit"))).Status);
        Assert.Equal(
            HttpStatusCode.Forbidden, (await Send("GET", "/api/dtmsvr/all", _server.Issuer.Token("guest"))).Status);
    }

    [Theory]
    [InlineData("newGid", "read")]
    [InlineData("prepare", "submit")]
    [InlineData("submit", "submit")]
    [InlineData("abort", "submit")]
    [InlineData("registerBranch", "submit")]
    [InlineData("query", "read")]
    [InlineData("wait", "read")]
    [InlineData("batch", "admin")]
    [InlineData("batchStatus", "read")]
    [InlineData("batches", "read")]
    [InlineData("batchStop", "admin")]
    public async Task Over_JSON_RPC_each_method_asks_for_its_role(string method, string role)
    {
        var body = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = "7",
            ["method"] = method,
            ["params"] = new JsonObject(),
        }.ToJsonString();
        var (none, withNone) = await Send("POST", "/api/json-rpc", null, body: body);
        var (read, withRead) = await Send("POST", "/api/json-rpc", _server.Read, body: body);
        var (submit, _) = await Send("POST", "/api/json-rpc", _server.Submit, body: body);

        Assert.Equal(HttpStatusCode.Unauthorized, none);
        Assert.Equal(-32001, (int)JsonNode.Parse(withNone)!["error"]!["code"]!);
        Assert.Equal(role == "read" ? HttpStatusCode.OK : HttpStatusCode.Forbidden, read);
        if (role != "read")
        {
            var error = JsonNode.Parse(withRead)!;
            Assert.Equal((-32003, "7"), ((int)error["error"]!["code"]!, (string?)error["id"]));
            var message = (string?)error["error"]!["message"];
            Assert.Contains($"the role {role} is needed", message, StringComparison.Ordinal);
        }

        Assert.Equal(role == "admin" ? HttpStatusCode.Forbidden : HttpStatusCode.OK, submit);
        Assert.Equal(HttpStatusCode.OK, (await Send("POST", "/api/json-rpc", _server.Admin, body: body)).Status);
    }

    public static TheoryData<string, string> Methods { get; } = new()
    {
        { "NewGid", "read" }, { "Submit", "submit" }, { "Prepare", "submit" }, { "Abort", "submit" },
        { "RegisterBranch", "submit" }, { "PrepareWorkflow", "submit" }, { "Subscribe", "admin" },
        { "Unsubscribe", "admin" }, { "DeleteTopic", "admin" }, { "ours/Query", "read" }, { "ours/List", "read" },
        { "ours/Subscribers", "read" }, { "ours/Submit", "submit" }, { "ours/Prepare", "submit" },
        { "ours/PrepareWorkflow", "submit" }, { "ours/ForceStop", "admin" }, { "ours/RetryNow", "admin" },
        { "ours/RetryBranch", "admin" }, { "ours/Wait", "read" }, { "ours/StartBatch", "admin" },
        { "ours/StopBatch", "admin" }, { "ours/GetBatch", "read" }, { "ours/ListBatches", "read" },
    };

    [Fact]
    public void Every_gRPC_method_is_among_them() => Assert.Equal(
        DtmApi.Descriptor.Methods.Select(static method => method.Name).Concat(
            Coordinator.Descriptor.Methods.Select(static method => "ours/" + method.Name)).Order(),
        Methods.Select(static row => row.Data.Item1).Order());

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Over_gRPC_each_method_asks_for_its_role(string method, string role)
    {
        var none = await Status(method, null);
        Assert.Equal(StatusCode.Unauthenticated, none.StatusCode);
        Assert.Contains("Authorization: Bearer", none.Detail, StringComparison.Ordinal);
        var keys = new[] { ("read", _server.Read), ("submit", _server.Submit), ("admin", _server.Admin) };
        var least = Array.FindIndex(keys, k => k.Item1 == role);
        for (var i = 0; i < keys.Length; i++)
        {
            var status = await Status(method, keys[i].Item2);
            Assert.Equal(i < least, status.StatusCode == StatusCode.PermissionDenied);
            Assert.NotEqual(StatusCode.Unauthenticated, status.StatusCode);
            Assert.True(
                i >= least || status.Detail.Contains($"the role {role} is needed", StringComparison.Ordinal),
                status.Detail);
        }

        Assert.Equal(
            StatusCode.Unauthenticated,
            (await Status(method, "odtm_nobody-nobody-nobody-nobody-nobody-nobody-nob")).StatusCode);
    }

    [Fact]
    public async Task Reflection_asks_for_read_and_the_health_of_gRPC_for_nothing()
    {
        var health = await new global::Grpc.Health.V1.Health.HealthClient(_channel).CheckAsync(
            new(), cancellationToken: Cancel);
        Assert.Equal(StatusCode.Unauthenticated, await Reflect(null));
        Assert.Equal(StatusCode.OK, await Reflect(_server.Read));
        Assert.Equal(global::Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    public void Dispose()
    {
        _http.Dispose();
        _channel.Dispose();
    }

    private async Task<StatusCode> Reflect(string? key)
    {
        using var call = new ServerReflection.ServerReflectionClient(_channel).ServerReflectionInfo(
            Headers(key), cancellationToken: Cancel);
        try
        {
            // A refusal may arrive before the request is written; the write is then Cancelled, the read has the status.
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancel)
                .ContinueWith(static write => write.Exception, Cancel, default, TaskScheduler.Default);
            await call.ResponseStream.MoveNext(Cancel);
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }

    private async Task<Status> Status(string method, string? key)
    {
        var client = new DtmClient(_channel);
        var ours = new Coordinator.CoordinatorClient(_channel);
        var (headers, gid) = (Headers(key), "none-" + method);
        try
        {
            await (method switch
            {
                "NewGid" => client.NewGidAsync(new(), headers, cancellationToken: Cancel).ResponseAsync,
                "Submit" =>
                    client.SubmitAsync(new DtmRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "Prepare" =>
                    client.PrepareAsync(new DtmRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "Abort" => client.AbortAsync(
                    new DtmRequest { Gid = gid },
                    headers,
                    cancellationToken: Cancel).ResponseAsync,
                "RegisterBranch" => client.RegisterBranchAsync(
                    new DtmBranchRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "PrepareWorkflow" => client.PrepareWorkflowAsync(
                    new DtmRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "Subscribe" =>
                    client.SubscribeAsync(new DtmTopicRequest(), headers, cancellationToken: Cancel).ResponseAsync,
                "Unsubscribe" =>
                    client.UnsubscribeAsync(new DtmTopicRequest(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/Query" => ours.QueryAsync(
                    new GidRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/Wait" => ours.WaitAsync(
                    new WaitRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/StartBatch" => ours.StartBatchAsync(
                    new BatchSubmission(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/StopBatch" => ours.StopBatchAsync(
                    new BatchId { Id = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/GetBatch" => ours.GetBatchAsync(
                    new BatchId { Id = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/ListBatches" => ours.ListBatchesAsync(
                    new(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/List" => ours.ListAsync(new ListFilter(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/Subscribers" =>
                    ours.SubscribersAsync(
                    new TopicRequest { Topic = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/Submit" => ours.SubmitAsync(new Submission(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/Prepare" => ours.PrepareAsync(new Submission(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/PrepareWorkflow" =>
                    ours.PrepareWorkflowAsync(new Submission(), headers, cancellationToken: Cancel).ResponseAsync,
                "ours/ForceStop" => ours.ForceStopAsync(
                    new GidRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/RetryNow" => ours.RetryNowAsync(
                    new GidRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                "ours/RetryBranch" =>
                    ours.RetryBranchAsync(
                    new BranchRequest { Gid = gid }, headers, cancellationToken: Cancel).ResponseAsync,
                _ => (Task)client.DeleteTopicAsync(
                    new DtmTopicRequest(), headers, cancellationToken: Cancel).ResponseAsync,
            });
            return global::Grpc.Core.Status.DefaultSuccess;
        }
        catch (RpcException e)
        {
            return e.Status;
        }
    }

    private static Metadata Headers(string? key) =>
        key is null ? [] : new Metadata { { "authorization", "Bearer " + key } };

    private async Task<(HttpStatusCode Status, string Text)> Send(
        string method, string path, string? key, string header = "Authorization", string body = "{}")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation(header, header == "Authorization" ? "Bearer " + key : key);
        }

        if (method == "POST")
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var answer = await _http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }
}
