using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.JsonRpc;

/// <summary>Sagas whose branches are methods of JSON-RPC services.</summary>
[Collection(SharedServer.Name)]
public sealed class JsonRpcSagaTests(RunningServer running)
{
    private static readonly Reply Done = new(200, """{"jsonrpc":"2.0","id":"1","result":null}""");
    private static readonly Reply Refused = new(
        200, """{"jsonrpc":"2.0","id":"1","error":{"code":-32901,"message":"balance too low"}}""");
    private static readonly Reply Busy = new(
        200, """{"jsonrpc":"2.0","id":"1","error":{"code":-32902,"message":"still at it"}}""");

    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_failure_is_known_by_its_code_alone()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/rpc", Done, Refused, Done);

        await Dtm.Accept(Saga(gid, busi));

        var ended = await Dtm.Until("failed", gid);
        Assert.Contains("balance too low", (string?)ended["rollback_reason"], StringComparison.Ordinal);
        Assert.Equal(["Act1", "Act2", "Comp2", "Comp1"], Methods(busi));
        Assert.Equal(
            """{"amount":30,"gid":"GID","trans_type":"saga","branch_id":"01","op":"action"}""", Params(busi, 0, gid));
        Assert.Equal(
            """{"amount":31,"gid":"GID","trans_type":"saga","branch_id":"02","op":"compensate"}""",
            Params(busi, 2, gid));
    }

    [Fact]
    public async Task Ongoing_is_known_by_its_code_alone_and_asked_again()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/rpc", Busy, Done);

        await Dtm.Accept(Saga(gid, busi));

        await Dtm.Until("succeed", gid);
        Assert.Equal(["Act1", "Act1", "Act2"], Methods(busi));
        Assert.Equal("ongoing", (string?)(await Dtm.Query(gid))["branches"]![1]!["history"]![0]!["outcome"]);
    }

    [Fact]
    public async Task A_payload_that_can_be_no_params_is_refused_before_anything_is_stored()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = Saga(gid, busi);
        body["payloads"]![1] = "[1]";

        var answer = await Dtm.Submit(body);

        Assert.True(answer is { Status: 400, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Contains("payloads[1]", answer.Message, StringComparison.Ordinal);
        Assert.Null(await Dtm.Transaction(gid));
    }

    private static JsonObject Saga(string gid, Participant busi)
    {
        var body = SagaBody.Of(gid, busi).With("protocol", "json-rpc");
        foreach (var step in body["steps"]!.AsArray())
        {
            foreach (var call in new[] { "action", "compensate" })
            {
                step![call] = $"{busi.Url}/rpc?method={((string)step[call]!).Split('/')[^1]}";
            }
        }

        return body;
    }

    private static IEnumerable<string?> Methods(Participant busi) =>
        busi.Calls.Select(static c => (string?)JsonNode.Parse(c.Body)!["method"]);

    private static string Params(Participant busi, int call, string gid) =>
        JsonNode.Parse(busi.Calls[call].Body)!["params"]!.ToJsonString().Replace(gid, "GID", StringComparison.Ordinal);
}
