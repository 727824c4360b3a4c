using System.Text.Json.Nodes;
using Grpc.Core;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Grpc;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Answers that are kept, used in payloads and shown: over HTTP, JSON-RPC and gRPC.</summary>
[Collection(SharedServer.Name)]
public sealed class ResultTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_step_uses_what_an_earlier_one_answered_and_the_submitter_gets_all()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", new Reply(200, """{"reservation":{"id":"r-7","price":12.50}}"""));
        busi.On("/Act2", new Reply(200, "paid"));
        var body = Keeping(gid, busi, "{}", """{"sum":{"$result":"01","pointer":"/reservation/price"}}""");

        var answer = await Dtm.Submit(body.With("wait_result", true));

        Assert.True(answer.Status == 200, answer.Text);
        Assert.Equal("""{"sum":12.50}""", busi.On("/Act2")[0].Body);
        var results = JsonNode.Parse(answer.Text)!["results"]!.AsArray();
        Assert.Equal(["01", "02"], results.Select(static r => (string?)r!["branch_id"]));
        Assert.Equal(
            ["""{"reservation":{"id":"r-7","price":12.50}}""", "paid"],
            results.Select(static r => (string?)r!["result"]));
        var branches = (await Dtm.Query(gid))["branches"]!;
        Assert.Equal("paid", (string?)branches[3]!["result"]);
        Assert.Null(branches[0]!["result"]);
        Assert.DoesNotContain("r-7", (await Dtm.Get($"all?gid_prefix={gid}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compensation_gets_the_result_of_its_own_action()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", new Reply(200, """{"id":"r-7"}"""));
        busi.On("/Act2", Reply.Refusal);
        var body = Keeping(gid, busi, "{}", "{}");
        body["steps"]![0]!["compensate_payload"] = """{"cancel":{"$result":"01","pointer":"/id"}}""";
        body["steps"]![1]!["compensate_payload"] = """{"cancel":{"$result":"02","pointer":"/id"}}""";

        await Dtm.Accept(body);
        await Dtm.Until("failed", gid);

        Assert.Equal("""{"cancel":null}""", busi.On("/Comp2")[0].Body);
        Assert.Equal("""{"cancel":"r-7"}""", busi.On("/Comp1")[0].Body);
    }

    [Fact]
    public async Task A_part_that_is_missing_rolls_the_saga_back_with_that_reason()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", new Reply(200, """{"id":1}"""));

        await Dtm.Accept(Keeping(gid, busi, "{}", """{"x":{"$result":"01","pointer":"/price"}}"""));
        var ended = await Dtm.Until("failed", gid);

        Assert.Contains(
            "the result of step 01 has no /price", (string?)ended["rollback_reason"], StringComparison.Ordinal);
        Assert.Equal(["/Act1", "/Comp1"], busi.Paths);
    }

    [Fact]
    public async Task A_message_that_lacks_a_part_is_put_aside_and_resolved_by_hand()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = Keeping(gid, busi, "{}", """{"x":{"$result":"01","pointer":"/price"}}""")
            .With("trans_type", "msg");
        await Dtm.Accept(body);
        await Poll.Until(
            async () => (bool?)(await Dtm.Transaction(gid))?["parked"] == true,
            Poll.Patience,
            () => $"{gid} is not parked",
            Cancel);
        var branch = (await Dtm.Query(gid))["branches"]![1]!;
        Assert.Contains("has no /price", (string?)branch["last_error"], StringComparison.Ordinal);
        Assert.Equal(["/Act1"], busi.Paths);
        var resolved = await Dtm.Post("resolveBranch", new JsonObject
        {
            ["gid"] = gid,
            ["branch_id"] = "02",
            ["op"] = "action",
            ["reason"] = "told by hand",
            ["result"] = "\"told\"",
        });
        Assert.True(resolved.Status == 200, resolved.Text);
        await Dtm.Until("succeed", gid);
        Assert.Equal("\"told\"", (string?)(await Dtm.Query(gid))["branches"]![1]!["result"]);
    }

    [Fact]
    public async Task A_binary_answer_and_one_that_is_too_long_are_shown_as_such()
    {
        await using var server = await ServerProcess.Start(Cancel, ("ORLEANSDTM_Limits__ResultBytesMax", "16"));
        using var dtm = new Dtm(server);
        await using var busi = await Participant.Start();
        busi.On("/0", new Reply(200, "") { Bytes = [0, 255, 128] });
        busi.On("/1", new Reply(200, "") { Bytes = new byte[17] });
        var gid = SagaBody.NewGid();
        var body = new JsonObject
        {
            ["gid"] = gid,
            ["trans_type"] = "msg",
            ["results"] = true,
            ["wait_result"] = true,
            ["steps"] = new JsonArray(
                new JsonObject { ["action"] = $"{busi.Url}/0" }, new JsonObject { ["action"] = $"{busi.Url}/1" }),
            ["payloads"] = new JsonArray("{}", "{}"),
        };

        var results = JsonNode.Parse((await dtm.Submit(body)).Text)!["results"]!;

        Assert.Equal("AP+A", (string?)results[0]!["bin_result"]);
        Assert.Contains("longer than 16 bytes", (string?)results[1]!["result_omitted"], StringComparison.Ordinal);
        var branches = (await dtm.Query(gid))["branches"]!;
        Assert.Equal("AP+A", (string?)branches[0]!["bin_result"]);
        Assert.Null(branches[1]!["bin_result"]);
        await server.Kill(Cancel);
        await server.Restart(Cancel);
        Assert.Equal("AP+A", (string?)(await dtm.Query(gid))["branches"]![0]!["bin_result"]);
    }

    [Theory]
    [InlineData("""{"results":"yes"}""", "results")]
    [InlineData("""{"trans_type":"tcc"}""", "results: is for saga and msg, not for tcc")]
    [InlineData("""{"trans_type":"msg","cp":"{}"}""", "steps[0].compensate_payload")]
    [InlineData("""{"payload":"{\"$result\":\"02\"}"}""", "payloads: compensation of step 01")]
    [InlineData("""{"cp":"{\"$result\":\"02\"}"}""", "payloads: compensation of step 01")]
    [InlineData("""{"payload":"{\"$result\":\"02\",\"x\":1}"}""", "not x")]
    public async Task A_wrong_field_is_refused_by_its_name_and_nothing_is_stored(string change, string problem)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = Keeping(gid, busi, "{}", "{}");
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            if (name == "payload")
            {
                body["payloads"]![0] = value!.DeepClone();
            }
            else if (name == "cp")
            {
                body["steps"]![0]!["compensate_payload"] = value!.DeepClone();
            }
            else
            {
                body[name] = value!.DeepClone();
            }
        }

        var refused = await Dtm.Submit(body);

        Assert.True(refused is { Status: 400, Result: "FAILURE" }, refused.Text);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Null(await Dtm.Transaction(gid));
        Assert.Empty(busi.Calls);
    }

    [Fact]
    public async Task Of_a_JSON_RPC_service_the_result_is_the_member_result()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/rpc", new Reply(200, """{"jsonrpc":"2.0","id":"1","result":{"id":7}}"""));
        var body = Keeping(gid, busi, "{}", """{"x":{"$result":"01","pointer":"/id"}}""").With("protocol", "json-rpc");
        foreach (var i in (int[])[0, 1])
        {
            body["steps"]![i]!["action"] = $"{busi.Url}/rpc?method=Act{i + 1}";
            body["steps"]![i]!["compensate"] = "";
        }

        await Dtm.Accept(body);
        await Dtm.Until("succeed", gid);

        Assert.Equal("7", JsonNode.Parse(busi.Calls[1].Body)!["params"]!["x"]!.ToJsonString());
        Assert.Equal("""{"id":7}""", (string?)(await Dtm.Query(gid))["branches"]![1]!["result"]);
    }

    [Fact]
    public async Task A_JSON_RPC_payload_that_a_result_spoils_fails_the_step()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/rpc", new Reply(200, """{"jsonrpc":"2.0","id":"1","result":7}"""));
        var body = Keeping(gid, busi, "{}", """{"$result":"01"}""").With("protocol", "json-rpc");
        foreach (var i in (int[])[0, 1])
        {
            body["steps"]![i]!["action"] = $"{busi.Url}/rpc?method=Act{i + 1}";
            body["steps"]![i]!["compensate"] = "";
        }

        await Dtm.Accept(body);
        var ended = await Dtm.Until("failed", gid);
        Assert.Contains("not a JSON object", (string?)ended["rollback_reason"], StringComparison.Ordinal);
        Assert.Single(busi.Calls);
    }

    [Fact]
    public async Task A_topic_has_no_result()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var topic = "t" + gid;
        await Dtm.Get($"subscribe?topic={topic}&url={Uri.EscapeDataString(busi.Url + "/Act1")}");
        var body = Keeping(gid, busi, "{}", """{"$result":"01"}""").With("trans_type", "msg");
        body["steps"]![0]!["action"] = $"topic://{topic}";
        var refused = await Dtm.Submit(body);
        Assert.Equal(400, refused.Status);
        Assert.Contains("step 01, a topic", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_JSON_RPC_the_submitter_gets_the_results()
    {
        await using var busi = await Participant.Start();
        busi.On("/Act1", new Reply(200, """{"id":7}"""));
        var body = Keeping(SagaBody.NewGid(), busi, "{}", "{}").With("wait_result", true);
        var call = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = "1", ["method"] = "submit", ["params"] = body };
        var answer = await Dtm.Send(
            HttpMethod.Post, $"{running.Process.Url}/api/json-rpc", call.ToJsonString());
        Assert.Equal("""{"id":7}""", (string?)answer.Json!["result"]!["results"]![0]!["result"]);
    }

    [Fact]
    public async Task Over_gRPC_the_message_is_the_result_byte_for_byte()
    {
        await using var busi = await GrpcParticipant.Start();
        using var grpc = new GrpcDtm(running.Process.GrpcUrl);
        var client = new Coordinator.CoordinatorClient(grpc.Channel);
        var gid = GrpcDtm.NewGid();
        busi.On("Act1", new GrpcReply(StatusCode.OK, Body: GrpcDtm.AllBytes));
        var request = GrpcDtm.Waiting(GrpcDtm.Saga(gid, busi, 1));
        var message = new Submission { Request = request, Results = true };

        await client.SubmitAsync(message, cancellationToken: Cancel);
        var reply = await client.QueryAsync(new GidRequest { Gid = gid }, cancellationToken: Cancel);

        Assert.False(reply.Branches[0].HasResult);
        Assert.True(reply.Branches[1].HasResult);
        Assert.Equal(GrpcDtm.AllBytes, reply.Branches[1].Result.ToByteArray());
    }

    private static JsonObject Keeping(string gid, Participant busi, string first, string second)
    {
        var body = SagaBody.Of(gid, busi).With("results", true);
        body["payloads"] = new JsonArray(first, second);
        return body;
    }
}
