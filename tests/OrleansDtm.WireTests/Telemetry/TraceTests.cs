using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Grpc;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>The spans of a transaction in a collector, and the trace context that branches receive.</summary>
[Collection(TelemetryServers.Name)]
public sealed class TraceTests(TracedServer servers)
{
    private const int Server = 2;
    private const int Client = 3;

    private readonly string _gid = SagaBody.NewGid();
    private readonly string _trace = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Parent => $"00-{_trace}-b7ad6b7169203331-01";

    [Fact]
    public async Task A_saga_with_a_retry_is_one_trace_from_its_submit_to_its_last_attempt()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Traced);
        busi.On("/Act1", Reply.Error, Reply.Success);

        Assert.Equal(200, await TracedServer.Submit(servers.Traced, SagaBody.Of(_gid, busi), Parent, "vendor=1"));
        await dtm.Until("succeed", _gid);
        var spans = await servers.Collector.Until(
            static all => all.Count(static s => s.Name == "commit") >= 5
                && all.Any(static s => s["orleansdtm.status"] == "succeed"), _gid);

        var submit = await Only("POST /api/dtmsvr/submit");
        Assert.Equal(
            (Server, "b7ad6b7169203331", "vendor=1", "orleansdtm"),
            (submit.Kind, submit.Parent, submit.TraceState, submit.Service));
        Assert.Equal(("POST", "200"), (submit["http.request.method"], submit["http.response.status_code"]));
        Assert.All(spans, span => Assert.Equal(_trace, span.TraceId));

        var transitions = spans.Where(static s => s.Name == "transition").ToList();
        Assert.Equal(
            ["submit", "branch_answered", "time_due", "branch_answered", "branch_answered"],
            transitions.OrderBy(static s => s.Start).Select(static s => s["orleansdtm.events"]));
        Assert.All(transitions, transition => Assert.Equal(submit.Id, transition.Parent));
        var commits = spans.Where(static s => s.Name == "commit").ToList();
        Assert.Equal(transitions.Select(static s => s.Id).Order(), commits.Select(static s => s.Parent).Order());
        Assert.All(commits, static commit => Assert.Equal((Client, "sqlite"), (commit.Kind, commit["db.system.name"])));
        Assert.All(
            commits, static commit => Assert.InRange(int.Parse(commit["db.operation.batch.size"], null), 1, 1024));

        var attempts = spans.Where(static s => s.Name == "branch action").OrderBy(static s => s.Start).ToList();
        Assert.Equal(
            [("01", "1", "unknown", "500", true), ("01", "2", "succeeded", "200", false), (
                "02", "1", "succeeded", "200", false)],
            attempts.Select(static s => (
                s["orleansdtm.branch_id"],
                s["orleansdtm.attempt"],
                s["orleansdtm.outcome"],
                s["http.response.status_code"],
                s.Failed)));
        Assert.All(attempts, attempt => Assert.Equal((Client, submit.Id), (attempt.Kind, attempt.Parent)));
        Assert.All(
            attempts,
            attempt => Assert.Equal(busi.Url, $"http://{attempt["server.address"]}:{attempt["server.port"]}"));
        Assert.Equal(
            attempts.Select(attempt => $"00-{_trace}-{attempt.Id}-01"),
            busi.Calls.Select(static call => call.Headers["traceparent"]));
        Assert.All(busi.Calls, static call => Assert.Equal("vendor=1", call.Headers["tracestate"]));
        Assert.All(spans, static span => Assert.True(span.End >= span.Start));
    }

    [Fact]
    public async Task What_a_killed_server_left_is_retried_within_the_same_trace()
    {
        await using var collector = await OtlpCollector.Start();
        await using var busi = await Participant.Start();
        var settings = TracedServer.Settings(collector.HttpUrl, "http/protobuf");
        await using var server = await ServerProcess.Start(
            Cancel,
            [.. settings, ("ORLEANSDTM_Telemetry__Logs", "true"), ("LOG_LEVEL", "info"), ("RETRY_INTERVAL", "1")]);
        using var dtm = new Dtm(server);
        busi.On("/Act2", Reply.Error, Reply.Success);

        // The request has no traceparent, so the trace starts here. After the restart it must be read from the store.
        Assert.Equal(200, await TracedServer.Submit(server, SagaBody.Of(_gid, busi), traceparent: null));
        await collector.Until(static all => all.Any(static s => s["orleansdtm.branch_id"] == "02"), _gid);
        await collector.Until(static all => all.Count(static s => s.Name == "commit") >= 3, _gid);
        await server.Kill(Cancel);
        var before = collector.Of(_gid);
        await server.Restart(Cancel);
        await dtm.Until("succeed", _gid);
        var spans = await collector.Until(static all => all.Any(static s => s["orleansdtm.status"] == "succeed"), _gid);

        var submit = collector.Spans.Single(static s => s.Name == "POST /api/dtmsvr/submit");
        Assert.Equal("", submit.Parent);
        Assert.All(spans, span => Assert.Equal(submit.TraceId, span.TraceId));
        var retried = spans.Except(before).Single(static s => s["orleansdtm.branch_id"] == "02");
        Assert.Equal(
            (submit.Id, "2", "succeeded"),
            (retried.Parent, retried["orleansdtm.attempt"], retried["orleansdtm.outcome"]));
        Assert.Equal($"00-{submit.TraceId}-{retried.Id}-01", busi.On("/Act2")[1].Headers["traceparent"]);

        await Received(collector, "/v1/metrics", "dtm_store_commit_duration_seconds", "dtm_transactions_unfinished");
        await Received(collector, "/v1/logs", "OrleansDtm");
    }

    [Fact]
    public async Task Traces_that_begin_here_are_recorded_as_often_as_asked_and_those_of_submitters_as_they_decided()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel,
            [.. TracedServer.Settings(servers.Collector.GrpcUrl, "grpc"), ("ORLEANSDTM_Telemetry__TraceRatio", "0")]);
        using var dtm = new Dtm(server);
        var own = SagaBody.NewGid();
        await TracedServer.Submit(server, SagaBody.Of(own, busi, steps: 1), traceparent: null);
        await dtm.Until("succeed", own);
        await TracedServer.Submit(server, SagaBody.Of(_gid, busi, steps: 1), Parent);
        await dtm.Until("succeed", _gid);
        await servers.Collector.Until(static all => all.Any(static s => s["orleansdtm.status"] == "succeed"), _gid);

        // An unrecorded trace still has an id: branches receive it, with the flag that it is not recorded.
        Assert.Empty(servers.Collector.Of(own));
        var told = busi.Calls.Select(static call => call.Headers["traceparent"]).ToList();
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-00$", told[0]);
        Assert.Matches($"^00-{_trace}-[0-9a-f]{{16}}-01$", told[1]);
    }

    [Fact]
    public async Task Branches_over_gRPC_are_told_in_their_metadata()
    {
        await using var busi = await GrpcParticipant.Start();
        using var grpc = new GrpcDtm(servers.Traced.GrpcUrl);
        using var dtm = new Dtm(servers.Traced);
        var metadata = new global::Grpc.Core.Metadata { { "traceparent", Parent } };
        await new DtmClient(grpc.Channel).SubmitAsync(GrpcDtm.Saga(_gid, busi), metadata, cancellationToken: Cancel);
        await dtm.Until("succeed", _gid);
        var spans = await servers.Collector.Until(
            static all => all.Count(static s => s.Name == "branch action") == 2, _gid);

        var submit = await Only("dtmgimp.Dtm/Submit");
        Assert.Equal(
            (Server, "b7ad6b7169203331", "grpc", "0"),
            (submit.Kind, submit.Parent, submit["rpc.system"], submit["rpc.grpc.status_code"]));
        var attempts = spans.Where(static s => s.Name == "branch action").OrderBy(static s => s.Start).ToList();
        Assert.All(attempts, attempt => Assert.Equal(
            (submit.Id, "test.Busi", "0"), (attempt.Parent, attempt["rpc.service"], attempt["rpc.grpc.status_code"])));
        Assert.Equal(
            attempts.Select(attempt => $"00-{_trace}-{attempt.Id}-01"),
            busi.Calls.Select(static c => c.Metadata["traceparent"]));
    }

    [Fact]
    public async Task A_later_request_of_the_same_trace_is_the_parent_of_what_it_leads_to()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Traced);
        var prepare = new JsonObject { ["gid"] = _gid, ["trans_type"] = "tcc" };
        await TracedServer.Submit(servers.Traced, prepare, Parent, api: "prepare");
        var abort = new JsonObject { ["gid"] = _gid, ["trans_type"] = "tcc" };
        await TracedServer.Submit(servers.Traced, abort, $"00-{_trace}-00000000000000aa-01", api: "abort");
        await dtm.Until("failed", _gid);
        var spans = await servers.Collector.Until(
            static all => all.Any(static s => s["orleansdtm.status"] == "failed"), _gid);

        var asked = await Only("POST /api/dtmsvr/abort");
        Assert.Equal("00000000000000aa", asked.Parent);
        Assert.Equal(asked.Id, spans.First(static s => s["orleansdtm.events"] == "abort").Parent);
    }

    [Fact]
    public async Task A_request_of_another_trace_is_linked_and_a_refused_one_has_a_span_too()
    {
        await TracedServer.Submit(
            servers.Traced, new JsonObject { ["gid"] = _gid, ["trans_type"] = "tcc" }, Parent, api: "prepare");
        var other = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
        await TracedServer.Submit(
            servers.Traced, new JsonObject { ["gid"] = _gid }, $"00-{other}-00000000000000ab-01", api: "forceStop");
        Assert.Equal(409, await TracedServer.Submit(
            servers.Traced, new JsonObject { ["gid"] = _gid, ["trans_type"] = "tcc" }, Parent, api: "submit"));
        var spans = await servers.Collector.Until(
            static all => all.Any(static s => s["orleansdtm.events"] == "force_stop"), _gid);
        await Only(s => s.TraceId == _trace && s["http.response.status_code"] == "409");

        var stop = spans.Single(static s => s["orleansdtm.events"] == "force_stop");
        Assert.Equal(_trace, stop.TraceId);
        Assert.Equal((await Only(s => s.TraceId == other)).Id, Assert.Single(stop.Links));
    }

    [Fact]
    public async Task A_call_over_JSON_RPC_is_named_by_its_method()
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, servers.Traced.Url + "/api/json-rpc");
        request.Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"submit","params":{"gid":"g"}}""");
        request.Headers.Add("traceparent", Parent);
        using var answer = await http.SendAsync(request, Cancel);

        var span = await Only("json-rpc submit");
        Assert.Equal(
            (Server, "b7ad6b7169203331", "jsonrpc", "-32600"),
            (span.Kind, span.Parent, span["rpc.system"], span["rpc.jsonrpc.error_code"]));
    }

    [Fact]
    public async Task Spans_hold_no_secrets_of_a_URL()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Traced);
        var body = SagaBody.Of(_gid, busi, steps: 1).With("branch_headers", new JsonObject { ["x-key"] = "s3cret" });
        body["steps"]![0]!["action"] = busi.Url + "/Act1?token=s3cret";
        body["payloads"]![0] = """{"pin":"s3cret"}""";
        Assert.Equal(200, await TracedServer.Submit(servers.Traced, body, Parent));
        await dtm.Until("succeed", _gid);
        var spans = await servers.Collector.Until(
            static all => all.Any(static s => s["orleansdtm.status"] == "succeed"), _gid);

        Assert.Equal("/Act1", spans.Single(static s => s.Name == "branch action")["url.path"]);
        Assert.DoesNotContain(
            servers.Collector.Spans.SelectMany(static s => s.Attributes.Values.Append(s.Name)),
            static text => text.Contains("s3cret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_collector_branches_are_told_the_submitters_own_context()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Silent);
        busi.On("/Act1", Reply.Error, Reply.Success);
        Assert.Equal(200, await TracedServer.Submit(servers.Silent, SagaBody.Of(_gid, busi), Parent, "a=1,b=2"));
        await dtm.Until("succeed", _gid);

        Assert.Equal(3, busi.Calls.Count);
        Assert.All(
            busi.Calls,
            call => Assert.Equal((Parent, "a=1,b=2"), (call.Headers["traceparent"], call.Headers["tracestate"])));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("00-zzz", "a=1")]
    public async Task Without_a_valid_context_branches_are_told_none(string? parent, string? state)
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Silent);
        Assert.Equal(200, await TracedServer.Submit(servers.Silent, SagaBody.Of(_gid, busi), parent, state));
        await dtm.Until("succeed", _gid);

        Assert.All(busi.Calls, static call => Assert.False(
            call.Headers.ContainsKey("traceparent") || call.Headers.ContainsKey("tracestate")));
    }

    [Fact]
    public async Task A_branch_header_of_that_name_wins()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Traced);
        var body = SagaBody.Of(_gid, busi).With("branch_headers", new JsonObject { ["Traceparent"] = "mine" });
        Assert.Equal(200, await TracedServer.Submit(servers.Traced, body, Parent, "a=1"));
        await dtm.Until("succeed", _gid);

        Assert.All(busi.Calls, static call => Assert.Equal(
            ("mine", false), (call.Headers["traceparent"], call.Headers.ContainsKey("tracestate"))));
    }

    private static Task Received(OtlpCollector collector, string path, params string[] words) => Poll.Until(
        () => Task.FromResult(words.All(word =>
            collector.Others.Any(other => other.Path == path && other.Text.Contains(word, StringComparison.Ordinal)))),
        Poll.Patience,
        () => $"{path} did not bring {string.Join(", ", words)}, but "
            + $"{string.Join(", ", collector.Others.Select(static other => other.Path).Distinct())}",
        Cancel);

    private Task<OtlpSpan> Only(string name) => Only(span => span.TraceId == _trace && span.Name == name);

    private async Task<OtlpSpan> Only(Func<OtlpSpan, bool> wanted)
    {
        await Poll.Until(
            () => Task.FromResult(servers.Collector.Spans.Any(wanted)),
            Poll.Patience,
            () => $"no such span in\n{string.Join('\n', servers.Collector.Spans)}",
            Cancel);
        return Assert.Single(servers.Collector.Spans, span => wanted(span));
    }
}
