using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.JsonRpc;

/// <summary>The API over JSON-RPC. Any valid JSON gets HTTP 200; the error object describes a failure.</summary>
[Collection(SharedServer.Name)]
public sealed class JsonRpcApiTests(RunningServer running)
{
    private const int Parse = -32700;
    private const int Bad = -32600;

    /// <summary>The code of the reference for errors of a call itself.</summary>
    private const int Refused = -32603;
    private const int UnknownMethod = -32601;
    private const int Failure = -32901;
    private const int Ongoing = -32902;

    private Dtm Dtm => running.Dtm;

    private string Url => running.Process.Url + "/api/json-rpc";

    [Theory]
    [InlineData("", Parse, null, "")]
    [InlineData("{", Parse, null, "")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","method":"newGid"} {}""", Parse, null, "")]
    [InlineData("null", Bad, null, "request")]
    [InlineData("[]", Bad, null, "batch")]
    [InlineData("""[{"jsonrpc":"2.0","id":"1","method":"newGid"}]""", Bad, null, "batch")]
    [InlineData("""{"id":"1","method":"newGid"}""", Bad, "1", "jsonrpc")]
    [InlineData("""{"jsonrpc":2.0,"id":"1","method":"newGid"}""", Bad, "1", "jsonrpc")]
    [InlineData("""{"jsonrpc":"2.0","method":"newGid"}""", Bad, null, "id")]
    [InlineData("""{"jsonrpc":"2.0","id":"","method":"newGid"}""", Bad, "", "id")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"newGid"}""", Bad, null, "id")]
    [InlineData("""{"jsonrpc":"2.0","id":"\ud800","method":"newGid"}""", Bad, null, "UTF-8")]
    [InlineData("""{"jsonrpc":"2.0","id":"1"}""", Bad, "1", "method")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","method":"forceStop"}""", UnknownMethod, "1", "forceStop")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","method":"submit"}""", Refused, "1", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","method":"submit","params":["g"]}""", Refused, "1", "params")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","method":"submit","params":{}}""", Refused, "1", "gid")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","method":"submit","params":{"gid":"\ud800"}}""", Refused, "1", "gid")]
    [InlineData(
        """{"jsonrpc":"2.0","id":"1","method":"submit","params":{"gid":"g","trans_type":"zzz"}}""",
        Refused,
        "1",
        "trans_type")]
    [InlineData(
        """{"jsonrpc":"2.0","id":"1","method":"submit","params":{"gid":"g\u2003","trans_type":"saga"}}""",
        Refused,
        "1",
        "gid")]
    [InlineData(
        """{"JsonRpc":"1.0","jsonRPC":"2.0","ID":"1","Method":"submit","Params":{"Gid":"g","Trans_Type":"zzz"}}""",
        Refused,
        "1",
        "trans_type")]
    [InlineData(
        """{"jsonrpc":"2.0","id":"1","method":"prepare","params":{"gid":"g","trans_type":"msg","steps":3}}""",
        Refused,
        "1",
        "steps")]
    [InlineData(
        """{"jsonrpc":"2.0","id":"1","method":"registerBranch","params":{"gid":"g","confirm":3}}""",
        Refused,
        "1",
        "confirm")]
    public async Task A_request_that_is_wrong_is_answered_with_its_code_and_named(
        string body, int code, string? id, string word)
    {
        var answer = await Dtm.Send(HttpMethod.Post, Url, body);

        Error(answer, code, word, code == Parse ? 400 : 200);
        Assert.Equal(id, (string?)answer.Json!["id"]);
        Assert.Null(answer.Json["result"]);
    }

    [Fact]
    public async Task A_request_beyond_the_limit_is_answered_with_the_limit()
    {
        var body = Request("submit", new JsonObject { ["gid"] = new string('x', 5_000_000) });

        var answer = await Dtm.Send(HttpMethod.Post, Url, body.ToJsonString(), askFirst: true);

        Error(answer, Bad, "Limits:RequestBytesMax", status: 413);
    }

    [Fact]
    public async Task NewGid_gives_another_one_each_time()
    {
        var (first, second) = (await Call("newGid", null), await Call("newGid", new JsonObject()));

        Assert.NotEmpty((string)first.Json!["result"]!["gid"]!);
        Assert.NotEqual((string?)first.Json["result"]!["gid"], (string?)second.Json!["result"]!["gid"]);
        Assert.Null(first.Json["error"]);
        Assert.Equal("call", (string?)first.Json["id"]);
    }

    [Fact]
    public async Task A_tcc_is_prepared_registered_and_submitted_or_aborted()
    {
        await using var busi = await Participant.Start();
        foreach (var (end, status, path) in new[]
        {
            ("submit", "succeed", "/Confirm1"),
            ("abort", "failed", "/Cancel1"),
        })
        {
            var gid = SagaBody.NewGid();
            Success(await Call("prepare", PatternBodies.Of(gid, "tcc")));
            Success(await Call("registerBranch", PatternBodies.TccBranch(gid, busi, 1)));
            Success(await Call(end, PatternBodies.Of(gid, "tcc")));
            await Dtm.Until(status, gid);
            Assert.Equal("""{"amount":1}""", Assert.Single(busi.On(path)).Body);
        }
    }

    [Fact]
    public async Task A_submit_names_options_that_its_prepare_did_not_and_keys_are_read_in_any_case()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Success);
        Success(await Call("prepare", PatternBodies.Msg(gid, busi, 1).With("retry_interval", 300)));
        Success(await Call("submit", new JsonObject
        {
            ["GID"] = gid,
            ["Trans_Type"] = "msg",
            ["Retry_Interval"] = 0.1,
            ["Branch_Headers"] = new JsonObject { ["x-tenant"] = "s" },
        }));

        await Dtm.Until("succeed", gid);
        Assert.All(busi.Calls, static call => Assert.Equal("s", call.Headers["x-tenant"]));
    }

    [Fact]
    public async Task An_abort_waits_for_the_rollback_where_the_prepare_said_so()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Cancel1", Reply.Error, Reply.Success);
        Success(
            await Call("prepare", PatternBodies.Of(gid, "tcc").With("wait_result", true).With("retry_interval", 300)));
        Success(await Call("registerBranch", PatternBodies.TccBranch(gid, busi, 1)));
        Error(await Call("abort", PatternBodies.Of(gid, "tcc")), Ongoing, "ONGOING");
        await Dtm.Post("resetNextCronTime", new JsonObject { ["gid"] = gid });
        await Dtm.Until("failed", gid);
        Success(await Call("abort", PatternBodies.Of(gid, "tcc")));
    }

    [Fact]
    public async Task A_waiting_submitter_is_told_success_failure_or_that_it_goes_on()
    {
        await using var busi = await Participant.Start();
        Success(await Call("submit", SagaBody.Of(SagaBody.NewGid(), busi).With("wait_result", true)));

        busi.On("/Act1", Reply.Refusal);
        var failed = await Call("submit", SagaBody.Of(SagaBody.NewGid(), busi).With("wait_result", true));
        Error(failed, Failure, "balance too low");
        Assert.Empty(failed.Json!["result"]!.AsObject());

        busi.On("/Act1", Reply.Error);
        Error(await Call("submit", SagaBody.Of(SagaBody.NewGid(), busi).With("wait_result", true)), Ongoing, "ONGOING");
    }

    [Fact]
    public async Task What_the_status_forbids_is_a_failure()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        Success(await Call("submit", SagaBody.Of(gid, busi)));
        await Dtm.Until("succeed", gid);

        Error(
            await Call("submit", SagaBody.Of(gid, busi)), Failure, "current status 'succeed', cannot sumbmit. FAILURE");
        Error(await Call("abort", PatternBodies.Of(gid, "saga")), Failure, "cannot abort");
        Error(await Call("submit", PatternBodies.Of(SagaBody.NewGid(), "tcc")), Failure, "");
    }

    [Fact]
    public async Task A_query_and_a_wait_answer_what_they_answer_over_HTTP()
    {
        await using var busi = await Participant.Start(static _ => Reply.Error);
        var gid = SagaBody.NewGid();
        Success(await Call("submit", SagaBody.Of(gid, busi).With("retry_interval", 3600)));
        await Dtm.UntilWaiting(gid);
        var named = new JsonObject { ["gid"] = gid };
        var query = await Call("query", named.DeepClone());
        var early = await Call("wait", new JsonObject { ["gid"] = gid, ["timeout"] = 0.01 });
        Assert.Equal((await Dtm.Query(gid)).ToJsonString(), query.Json!["result"]!.ToJsonString());
        Assert.Equal(query.Json["result"]!.ToJsonString(), early.Json!["result"]!.ToJsonString());
        Assert.Null(early.Json["error"]);

        var wait = Call("wait", new JsonObject { ["gid"] = gid, ["timeout"] = 60 });
        await Dtm.Post("forceStop", named);
        Assert.Equal("failed", (string?)(await wait).Json!["result"]!["transaction"]!["status"]);
        var unknown = await Call("query", new JsonObject { ["gid"] = "no-such-gid" });
        Assert.Null(unknown.Json!["error"]);
        Assert.Null(unknown.Json["result"]!["transaction"]);
        Error(await Call("wait", new JsonObject { ["gid"] = "no-such-gid", ["timeout"] = 60 }), Failure, "no such gid");
    }

    [Theory]
    [InlineData("query", null, "params")]
    [InlineData("query", "{}", "gid: is missing")]
    [InlineData("wait", """{"gid":7}""", "gid: is not a string")]
    [InlineData("wait", """{"gid":"g","timeout":-1}""", "timeout: ")]
    [InlineData("wait", """{"gid":"g","timeout":"7"}""", "timeout: ")]
    [InlineData("batch", """{"operation":"explode"}""", "operation: ")]
    [InlineData("batch", """{"operation":"retry","filter":{}}""", "filter: ")]
    [InlineData("batch", """{"operation":"retry","filter":7}""", "filter: ")]
    [InlineData("batchStatus", "{}", "id: is missing")]
    [InlineData("batchStop", "{}", "id: is missing")]
    public async Task A_bad_parameter_of_an_addition_is_named(string method, string? parameters, string message)
    {
        var answer = await Call(method, parameters is null ? null : JsonNode.Parse(parameters));
        Error(answer, Refused, message);
    }

    [Fact]
    public async Task A_job_is_started_shown_and_cannot_be_stopped_after_its_end()
    {
        await using var busi = await Participant.Start();
        var (gid, shop) = (SagaBody.NewGid(), SagaBody.NewGid());
        busi.On("/Act1", Reply.Error, Reply.Success);
        Success(await Call("submit", SagaBody.Of(gid, busi)
            .With("retry_interval", 3600).With("tags", new JsonObject { ["shop"] = shop })));
        await Dtm.UntilWaiting(gid);

        var order = new JsonObject
        {
            ["operation"] = "retry",
            ["filter"] = new JsonObject { ["tag"] = $"shop:{shop}" },
        };
        var started = await Call("batch", order);
        var id = (string)started.Json!["result"]!["batch"]!["id"]!;
        await Dtm.Until("succeed", gid);
        JsonNode? job = null;
        await Poll.Until(
            async () => (string?)(job = (await Call("batchStatus", new JsonObject { ["id"] = id }))
                .Json!["result"]!["batch"])!["status"] == "done",
            Poll.Patience,
            () => $"it does not end: {job}",
            TestContext.Current.CancellationToken);
        Assert.Equal((1, 1), ((int)job!["matched"]!, (int)job["succeeded"]!));
        var all = (await Call("batches", null)).Json!["result"]!["batches"]!.AsArray();
        Assert.Contains(id, all.Select(static b => (string?)b!["id"]));
        Error(await Call("batchStop", new JsonObject { ["id"] = id }), Failure, "the job is done");
        Error(await Call("batchStop", new JsonObject { ["id"] = "none" }), Failure, "no such job");
        Error(await Call("batchStatus", new JsonObject { ["id"] = "none" }), Failure, "no such job");
    }

    [Fact]
    public async Task Only_POST_is_answered()
    {
        var answer = await Dtm.Send(HttpMethod.Get, Url, null);
        Assert.True(answer.Status is 404 or 405, $"{answer.Status}: {answer.Text}");
    }

    private Task<Answer> Call(string method, JsonNode? parameters) =>
        Dtm.Send(HttpMethod.Post, Url, Request(method, parameters).ToJsonString());

    private static JsonObject Request(string method, JsonNode? parameters)
    {
        var request = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = "call", ["method"] = method };
        return parameters is null ? request : request.With("params", parameters);
    }

    private static void Success(Answer answer)
    {
        Assert.True(answer is { Status: 200, Json: JsonObject }, $"{answer.Status}: {answer.Text}");
        Assert.True(answer.Json["error"] is null && answer.Json["result"] is null, answer.Text);
        Assert.Equal("2.0", (string?)answer.Json["jsonrpc"]);
    }

    private static void Error(Answer answer, int code, string word, int status = 200)
    {
        Assert.True(answer.Status == status && answer.Json is JsonObject, $"{answer.Status}: {answer.Text}");
        Assert.Equal(code, (int?)answer.Json!["error"]?["code"]);
        Assert.Contains(word, (string?)answer.Json["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal("2.0", (string?)answer.Json["jsonrpc"]);
    }
}
