using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Invokers;
using Xunit;

namespace OrleansDtm.WireTests.JsonRpc;

/// <summary>Calls of branches over JSON-RPC, and the outcomes of their responses.</summary>
public sealed class JsonRpcBranchInvokerTests : IAsyncLifetime
{
    private const string Ok = """{"jsonrpc":"2.0","id":"1","result":{},"error":null}""";

    private readonly BranchHttpClient _http = new(new InvokerOptions());
    private readonly BranchInvokers _invokers;
    private readonly GrpcBranchInvoker _grpc = new(new InvokerOptions(), TimeProvider.System);
    private BankService _bank = null!;

    public JsonRpcBranchInvokerTests() =>
        _invokers = new BranchInvokers(new HttpBranchInvoker(_http), new JsonRpcBranchInvoker(_http), _grpc);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bank = await BankService.Start();
        _bank.Answer = static context => context.Response.WriteAsync(Ok, Token);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _grpc.Dispose();
        await _bank.DisposeAsync();
    }

    [Fact]
    public async Task The_method_of_the_url_is_called_with_the_payload_and_who_and_what()
    {
        var call = Call(
            "/rpc?x=1&method=bank.Trans%20Out#top", """{"amount":30.10,"gid":"mine","who":"ü'","nested":{"op":1}}""");

        Assert.Equal(Outcome.Succeeded, await _invokers.Invoke(call, Token));

        var seen = Assert.Single(_bank.Seen);
        Assert.Equal(("POST", "/rpc", "?x=1&method=bank.Trans%20Out"), (seen.Method, seen.Path, seen.Query));
        Assert.Equal("application/json", seen.Headers.ContentType);
        Assert.Equal("7", seen.Headers["X-Tenant"]);
        Assert.Equal(
            """{"jsonrpc":"2.0","id":"g1/01/action","method":"bank.Trans Out","params":{"amount":30.10,"who":"ü'","nested":{"op":1},"gid":"g1","trans_type":"saga","branch_id":"01","op":"action"}}""",
            Encoding.UTF8.GetString(seen.Body));
    }

    [Fact]
    public async Task No_payload_is_a_call_with_who_and_what_alone()
    {
        Assert.Equal(Outcome.Succeeded, await _invokers.Invoke(Call("/rpc?method=a", ""), Token));

        var body = JsonNode.Parse(Assert.Single(_bank.Seen).Body)!;
        Assert.Equal(
            """{"gid":"g1","trans_type":"saga","branch_id":"01","op":"action"}""", body["params"]!.ToJsonString());
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("1")]
    [InlineData("null")]
    [InlineData("no JSON")]
    [InlineData("{} {}")]
    [InlineData("{")]
    public async Task A_payload_that_is_no_object_is_not_sent(string payload)
    {
        var outcome = await _invokers.Invoke(Call("/rpc?method=a", payload), Token);

        Assert.Equal(
            Outcome.Failed("the payload is not a JSON object, so it cannot be the params of a JSON-RPC call") with
            {
                IsUnsent = true,
            },
            outcome);
        Assert.Empty(_bank.Seen);
    }

    [Theory]
    [InlineData(200, Ok, OutcomeKind.Succeeded)]
    [InlineData(200, """{"result":1}""", OutcomeKind.Succeeded)]
    [InlineData(200, """{"error":{"code":-32901,"message":"balance too low"}}""", OutcomeKind.Failed)]
    [InlineData(200, """{"error":{"code":-32901.0,"message":"ONGOING"}}""", OutcomeKind.Failed)]
    [InlineData(500, """{"error":{"code":-32901,"message":"balance too low"}}""", OutcomeKind.Failed)]
    [InlineData(200, """{"error":{"code":-32902,"message":"still at it"}}""", OutcomeKind.Ongoing)]
    [InlineData(200, """{"error":{"code":-32902,"message":"FAILURE"}}""", OutcomeKind.Ongoing)]
    [InlineData(200, """{"error":{"code":-32603,"message":"boom"}}""", OutcomeKind.Unknown)]
    [InlineData(200, """{"error":{"code":-32603,"message":"FAILURE"}}""", OutcomeKind.Unknown)]
    [InlineData(200, """{"error":{"message":"no code"}}""", OutcomeKind.Unknown)]
    [InlineData(200, """{"error":"no object"}""", OutcomeKind.Unknown)]
    [InlineData(200, """{"error":{"code":"-32901"}}""", OutcomeKind.Unknown)]
    [InlineData(409, """{"error":"no object"}""", OutcomeKind.Failed)]
    [InlineData(200, """{"result":"FAILURE"}""", OutcomeKind.Failed)]
    [InlineData(425, """{"result":null}""", OutcomeKind.Ongoing)]
    [InlineData(409, "", OutcomeKind.Failed)]
    [InlineData(500, "", OutcomeKind.Unknown)]
    [InlineData(200, "", OutcomeKind.Unknown)]
    [InlineData(200, "<html>", OutcomeKind.Unknown)]
    [InlineData(200, "[]", OutcomeKind.Unknown)]
    public async Task The_code_makes_the_outcome_and_only_an_answer_without_an_error_is_judged_like_http(
        int status, string body, OutcomeKind kind)
    {
        _bank.Answer = async context =>
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body, Token);
        };

        var outcome = await _invokers.Invoke(Call("/rpc?method=a", "{}"), Token);

        Assert.Equal(kind, outcome.Kind);
        if (kind != OutcomeKind.Succeeded)
        {
            Assert.Contains(body, outcome.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_answer_longer_than_what_is_read_is_judged_like_http()
    {
        _bank.Answer = static context => context.Response.WriteAsync(
            $$"""{"result":"{{new string('x', 100_000)}}"}""", Token);

        Assert.Equal(Outcome.Succeeded, await _invokers.Invoke(Call("/rpc?method=a", "{}"), Token));
    }

    [Theory]
    [InlineData("/methods/pay", "json-rpc", "")]
    [InlineData("/rpc?method=", "json-rpc", "")]
    [InlineData("/rpc?a=1#?method=x", "json-rpc", "")]
    [InlineData("/rpc?method=a", "http", "")]
    [InlineData("/rpc?method=a", "json-rpc", "notice")]
    public async Task Without_a_method_it_is_plain_http(string target, string protocol, string op)
    {
        var call = Call(target, """{"amount":1}""") with { Protocol = protocol };
        await _invokers.Invoke(op == "notice" ? call with { Op = op, BranchId = "" } : call, Token);

        var seen = Assert.Single(_bank.Seen);
        Assert.Equal("""{"amount":1}""", Encoding.UTF8.GetString(seen.Body));
        Assert.Contains("gid=g1", seen.Query, StringComparison.Ordinal);
    }

    private BranchInvocation Call(string target, string payload) => new()
    {
        Gid = "g1",
        Type = TransactionType.Saga,
        Protocol = "json-rpc",
        BranchId = "01",
        Op = "action",
        Url = _bank.Url + target,
        Payload = Encoding.UTF8.GetBytes(payload),
        Headers = new Dictionary<string, string> { ["X-Tenant"] = "7" },
    };
}
