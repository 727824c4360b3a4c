using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Namespaces;

/// <summary>The namespaces that keys and tokens may use, bad names, and the limits of a namespace.</summary>
public sealed class NamespaceAccessTests(NamespacedServer server) : IClassFixture<NamespacedServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("shop", null, "shop")]
    [InlineData("shop", "shop", "shop")]
    [InlineData("shop", "crm", "'shop-boss' is bound to the namespace 'shop' and may not use 'crm'")]
    [InlineData("free", null, "")]
    [InlineData("free", "anything", "anything")]
    [InlineData("some", null, "")]
    [InlineData("some", "hr", "hr")]
    [InlineData("some", "shop", "'some' may not use the namespace 'shop'. An administrator can add namespaces=shop")]
    [InlineData("submit", null, "")]
    [InlineData("submit", "hr", "'shop' may not use the namespace 'hr'")]
    [InlineData("admin", "hr", "hr")]
    [InlineData("admin", null, "")]
    public async Task A_key_uses_its_namespaces(string name, string? space, string expected)
    {
        var key = name switch
        {
            "shop" => server.Shop,
            "free" => server.Free,
            "some" => server.Some,
            "submit" => server.Submit,
            _ => server.Admin,
        };
        await Check(key, space, expected);
    }

    [Theory]
    [InlineData("shop", null, "shop")]
    [InlineData("shop", "crm", "'alice' is bound to the namespace 'shop'")]
    [InlineData("crm hr", "hr", "hr")]
    [InlineData("crm hr", "shop", "'alice' may not use the namespace 'shop'")]
    [InlineData("*", "shop", "shop")]
    [InlineData("", "hr", "'alice' may not use the namespace 'hr'")]
    public async Task A_token_uses_those_of_its_claim(string claim, string? space, string expected) =>
        await Check(Token(claim), space, expected);

    [Fact]
    public async Task A_token_whose_claim_names_none_is_refused()
    {
        using var client = new NamespaceClient(server, Token("Shop!"));
        var answer = await client.Get("/api/dtmsvr/all");
        Assert.Equal(401, answer.Status);
        Assert.Contains("the claim spaces of the token names no namespace", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Shop")]
    [InlineData("-shop")]
    [InlineData("a_b")]
    [InlineData("shop,crm")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456")]
    public async Task A_bad_name_is_refused(string space)
    {
        using var client = new NamespaceClient(server, server.Admin, space);
        var answer = await client.Get("/api/dtmsvr/all");
        Assert.Equal((400, "FAILURE"), (answer.Status, answer.Result));
        Assert.StartsWith($"namespace: '{space}", answer.Message, StringComparison.Ordinal);
        using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new Protocol.Wire.Dtm.DtmClient(channel)
            .SubmitAsync(new DtmRequest { Gid = "g", TransType = "saga" }, client.Metadata, null, Cancel));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
    }

    [Fact]
    public async Task The_query_names_it_for_reads_only()
    {
        var gid = SagaBody.NewGid();
        using var boss = new NamespaceClient(server, server.Admin);
        using var hr = new NamespaceClient(server, server.Admin, "hr");
        await hr.Accept(new JsonObject { ["gid"] = gid, ["trans_type"] = "saga" });
        var read = await boss.Get($"/api/dtmsvr/query?gid={gid}&namespace=hr");
        Assert.Equal("hr", (string?)read.Json!["transaction"]!["namespace"]);
        Assert.Equal(400, (await hr.Get($"/api/dtmsvr/query?gid={gid}&namespace=crm")).Status);
        var stop = await boss.Send("POST", "/api/dtmsvr/forceStop?namespace=hr", new JsonObject { ["gid"] = gid });
        Assert.Equal(404, stop.Status);
    }

    [Theory]
    [InlineData("\u001fshop:g")]
    [InlineData("\u001f")]
    public async Task A_gid_or_topic_cannot_pretend_to_be_of_a_namespace(string text)
    {
        using var boss = new NamespaceClient(server, server.Admin);
        var escaped = Uri.EscapeDataString(text);
        foreach (var read in new[]
        {
            $"query?gid={escaped}", $"wait?gid={escaped}", $"all?gid={escaped}", $"all?gid_prefix={escaped}",
            $"all?tag={escaped}:1", $"all?tag=k:{escaped}", $"events?gid_prefix={escaped}",
        })
        {
            Assert.Equal(400, (await boss.Get("/api/dtmsvr/" + read)).Status);
        }

        var body = new JsonObject { ["gid"] = text, ["trans_type"] = "saga" };
        foreach (var api in new[] { "submit", "prepare", "abort", "forceStop", "registerBranch", "prepareWorkflow" })
        {
            Assert.Equal(400, (await boss.Post(api, body.DeepClone())).Status);
        }

        Assert.Equal(
            400, (await boss.Send("POST", $"/api/dtmsvr/subscribe?topic={escaped}&url=http://a/", null)).Status);
        Assert.Empty(
            (await boss.Get($"/api/dtmsvr/queryKV?cat=topics&key={escaped}")).Json!["kv"]!.AsArray());
    }

    [Fact]
    public async Task A_gid_and_its_tags_fit_together_with_the_namespace()
    {
        using var crm = new NamespaceClient(server, server.Crm);
        var fits = new string('g', 128 - "crm".Length - 2);
        await crm.Accept(new JsonObject { ["gid"] = fits, ["trans_type"] = "saga" });
        var answer = await crm.Post("submit", new JsonObject { ["gid"] = fits + "g", ["trans_type"] = "saga" });
        Assert.Equal(400, answer.Status);
        Assert.Equal(
            "gid: has 124 characters; the maximum is 123 in the namespace 'crm'", answer.Message);
        var tags = new JsonObject { [new string('k', 64)] = new string('v', 125) };
        answer = await crm.Post(
            "submit", new JsonObject { ["gid"] = SagaBody.NewGid(), ["trans_type"] = "saga", ["tags"] = tags });
        Assert.Contains("has 189 characters; the maximum is 187", answer.Message, StringComparison.Ordinal);
        answer = await crm.Send("POST", $"/api/dtmsvr/subscribe?topic={fits}g&url=http://a/", null);
        Assert.Contains("the maximum is 123 in the namespace 'crm'", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submitter_cannot_set_the_header_of_branch_calls()
    {
        using var boss = new NamespaceClient(server, server.Admin);
        var body = new JsonObject
        {
            ["gid"] = SagaBody.NewGid(),
            ["trans_type"] = "saga",
            ["branch_headers"] = new JsonObject { ["X-Dtm-Namespace"] = "shop" },
        };
        var answer = await boss.Post("submit", body);
        Assert.Equal(400, answer.Status);
        Assert.StartsWith("branch_headers: x-dtm-namespace is set by the coordinator", answer.Message);
    }

    [Fact]
    public async Task A_namespace_has_its_own_limit_of_unfinished_transactions()
    {
        using var tiny = new NamespaceClient(server, server.Free, "tiny");
        using var other = new NamespaceClient(server, server.Admin, "tiny");
        using var crm = new NamespaceClient(server, server.Free, "crm");
        var gids = Enumerable.Range(0, 3).Select(static _ => SagaBody.NewGid()).ToArray();
        foreach (var client in new[] { tiny, crm })
        {
            await client.Accept(PatternBodies.Of(gids[0], "tcc"), "prepare");
            await client.Accept(PatternBodies.Of(gids[1], "tcc"), "prepare");
        }

        await crm.Accept(PatternBodies.Of(gids[2], "tcc"), "prepare");
        var refused = await other.Post("prepare", PatternBodies.Of(gids[2], "tcc"));
        Assert.Equal(429, refused.Status);
        Assert.StartsWith("the namespace 'tiny' has 2 unfinished transactions", refused.Message);
        await tiny.Accept(PatternBodies.Of(gids[0], "tcc"), "abort");
        await tiny.Until("failed", gids[0]);
        await other.Accept(PatternBodies.Of(gids[2], "tcc"), "prepare");
    }

    private string Token(string claim) => server.Issuer.Token("submit", claims =>
    {
        if (claim.Length > 0)
        {
            claims["spaces"] = claim;
        }
    });

    /// <param name="key">The key or token.</param>
    /// <param name="space">The namespace that the request names.</param>
    /// <param name="expected">The namespace that is used, or the start of the refusal.</param>
    private async Task Check(string key, string? space, string expected)
    {
        var gid = SagaBody.NewGid();
        using var client = new NamespaceClient(server, key, space);
        var answer = await client.Post("submit", new JsonObject { ["gid"] = gid, ["trans_type"] = "saga" });
        if (expected.Contains(' ', StringComparison.Ordinal))
        {
            Assert.Equal((403, "ERROR"), (answer.Status, answer.Result));
            Assert.StartsWith(expected, answer.Message, StringComparison.Ordinal);
            using var channel = GrpcChannel.ForAddress(server.GrpcUrl);
            var refused = await Assert.ThrowsAsync<RpcException>(
                async () => await new Protocol.Wire.Dtm.DtmClient(channel).SubmitAsync(
                    new DtmRequest { Gid = gid, TransType = "saga" }, client.Metadata, null, Cancel));
            Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
            return;
        }

        Assert.Equal(200, answer.Status);
        Assert.Equal(expected, (string?)(await client.Transaction(gid))!["namespace"] ?? "");
    }
}
