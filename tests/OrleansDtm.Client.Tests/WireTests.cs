using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>The request for each option, as a fake coordinator receives it.</summary>
public sealed class WireTests : IAsyncLifetime
{
    private Participant _coordinator = null!;
    private ServiceProvider _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDtm Dtm => _client.Dtm();

    [Fact]
    public async Task A_saga_says_its_steps_and_nothing_that_was_not_asked_for()
    {
        var result = await Dtm.Saga(new SagaOptions { Gid = "g" })
            .Step("http://a/out", "http://a/out-undo", new { Amount = 30, Note = "it's <ok> ü" })
            .Step("http://b/in", "")
            .SubmitAsync(Cancel);

        Assert.Equal(new TransactionResult("g", GlobalStatus.Submitted), result);
        AssertSent("submit", """
            {
              "gid": "g", "trans_type": "saga",
              "steps": [{ "action": "http://a/out", "compensate": "http://a/out-undo" }, { "action": "http://b/in", "compensate": "" }],
              "payloads": ["{\"amount\":30,\"note\":\"it\\u0027s \\u003Cok\\u003E \\u00FC\"}", ""]
            }
            """);
        Assert.Equal("application/json", Assert.Single(_coordinator.Calls).Headers["Content-Type"]);
    }

    [Theory]
    [InlineData("http://a/x?op=add", "op")]
    [InlineData("http://a/x?shard=1&GID=7", "GID")]
    [InlineData("http://a/x?branch%5Fid=7", "branch_id")]
    [InlineData("http://a/x?trans_type", "trans_type")]
    public async Task A_URL_that_says_what_the_coordinator_will_say_is_refused(string url, string name)
    {
        const string Fine = "http://a/op/gid?shard=1&option=op";
        Refused(() => Dtm.Saga().Step(url, Fine));
        Refused(() => Dtm.Saga().Step(Fine, url, 1));
        Refused(() => Dtm.Msg().Step(url));
        await RefusedAsync(() => Dtm.Msg().Step(Fine).PrepareAsync(url, Cancel));
        await RefusedAsync(
            () => Dtm.TccAsync(tcc => tcc.CallBranchAsync(url, Fine, Fine, 1), cancellationToken: Cancel));
        await RefusedAsync(
            () => Dtm.TccAsync(tcc => tcc.CallBranchAsync(Fine, url, Fine, 1), cancellationToken: Cancel));
        await RefusedAsync(
            () => Dtm.TccAsync(tcc => tcc.CallBranchAsync(Fine, Fine, url, 1), cancellationToken: Cancel));
        await RefusedAsync(() => Dtm.XaAsync(xa => xa.CallBranchAsync(url, 1), cancellationToken: Cancel));

        void Refused(Func<object> step) => Told(Assert.Throws<ArgumentException>(step));
        async Task RefusedAsync(Func<Task> call) => Told(await Assert.ThrowsAsync<ArgumentException>(call));
        void Told(ArgumentException e) => Assert.Contains($"'{name}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_of_any_transaction_go_out_in_seconds_and_under_DTMs_names()
    {
        await Dtm.Saga(new SagaOptions
        {
            Gid = "g",
            WaitResult = true,
            TimeoutToFail = TimeSpan.FromMinutes(1),
            RetryInterval = TimeSpan.FromSeconds(5),
            RequestTimeout = TimeSpan.FromSeconds(1.5),
            RetryLimit = 3,
            BranchHeaders = new Dictionary<string, string> { ["X-Tenant"] = "t1" },
            CustomData = "mine",
            CallbackUrl = "http://me/done",
        }).SubmitAsync(Cancel);

        AssertSent("submit", """
            {
              "gid": "g", "trans_type": "saga", "steps": [], "payloads": [],
              "wait_result": true, "timeout_to_fail": 60, "retry_interval": 5, "request_timeout": 1.5, "retry_limit": 3,
              "branch_headers": { "X-Tenant": "t1" }, "custom_data": "mine", "callback_url": "http://me/done"
            }
            """);
        // DTM's own server accepts only integers, and rejects 5.0.
        Assert.Contains("\"retry_interval\":5,", _coordinator.Calls[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orders_of_a_concurrent_saga_go_into_its_custom_data()
    {
        await Dtm.Saga(new SagaOptions { Gid = "g", Concurrent = true })
            .Step("a", "")
            .Step("b", "")
            .Step("c", "")
            .Order(2, 0, 1)
            .SubmitAsync(Cancel);

        Assert.Equal("""{"concurrent":true,"orders":{"2":[0,1]}}""", (string?)Body("submit")["custom_data"]);
        Assert.Throws<InvalidOperationException>(() => Dtm.Saga().Step("a", "").Order(0));
    }

    [Fact]
    public async Task A_message_says_its_delay_and_whether_its_calls_run_side_by_side()
    {
        var msg = Dtm.Msg(new MsgOptions { Gid = "g", Delay = TimeSpan.FromSeconds(90), Concurrent = true })
            .Step("http://a/in", new byte[] { (byte)'{', (byte)'}' })
            .Topic("paid", 7);
        await msg.PrepareAsync("http://me/ask", Cancel);
        await msg.SubmitAsync(Cancel);

        const string Expected = """
            {
              "gid": "g", "trans_type": "msg", "steps": [{ "action": "http://a/in" }, { "action": "topic://paid" }], "payloads": ["{}", "7"],
              "query_prepared": "http://me/ask", "concurrent": true, "custom_data": "{\"delay\":90}"
            }
            """;
        AssertSent("prepare", Expected);
        AssertSent("submit", Expected);
    }

    [Fact]
    public async Task A_TCC_registers_each_branch_before_it_tries_it()
    {
        await using var bank = await Participant.Start();
        var options = new TransOptions
        {
            Gid = "g",
            BranchHeaders = new Dictionary<string, string> { ["X-Tenant"] = "t1" },
        };

        await Dtm.TccAsync(tcc => tcc.CallBranchAsync(
            $"{bank.Url}/try?shard=2", "http://b/confirm", "http://b/cancel", new { Amount = 30 }), options, Cancel);

        Assert.Equal(["/api/dtmsvr/prepare", "/api/dtmsvr/registerBranch", "/api/dtmsvr/submit"], _coordinator.Paths);
        AssertSent("registerBranch", """
            {
              "gid": "g", "trans_type": "tcc", "branch_id": "01", "confirm": "http://b/confirm", "cancel": "http://b/cancel", "data": "{\"amount\":30}"
            }
            """);
        var call = Assert.Single(bank.Calls);
        Assert.Equal(
            ("POST", "/try", """{"amount":30}""", "t1"), (call.Method, call.Path, call.Body, call.Headers["X-Tenant"]));
        Assert.Equal(
            [
                ("branch_id", "01"),
                ("dtm", $"{_coordinator.Url}/api/dtmsvr"),
                ("gid", "g"),
                ("op", "try"),
                ("shard", "2"),
                ("trans_type", "tcc"),
            ],
            call.Query.Select(q => (q.Key, q.Value)).Order());
    }

    [Fact]
    public async Task A_nested_TCC_numbers_its_branches_below_the_call_it_is_in()
    {
        await using var bank = await Participant.Start();
        var tcc = Dtm.JoinTcc(new BranchContext("tcc", "g", "02", "try"), cancellationToken: Cancel);

        await tcc.CallBranchAsync(bank.Url + "/try", "http://b/confirm", "http://b/cancel", 1);
        await tcc.CallBranchAsync(bank.Url + "/try", "http://b/confirm", "http://b/cancel", 1);

        Assert.Equal(["0201", "0202"], bank.Calls.Select(call => call.Branch));
        Assert.Equal(["/api/dtmsvr/registerBranch", "/api/dtmsvr/registerBranch"], _coordinator.Paths);
        Assert.Throws<ArgumentException>(
            () => Dtm.JoinTcc(new BranchContext("saga", "g", "02", "action"), cancellationToken: Cancel));
    }

    [Fact]
    public async Task An_XA_branch_is_told_where_the_second_phase_will_call_and_registers_that()
    {
        await using var bank = await Participant.Start();

        await Dtm.XaAsync(
            xa => xa.CallBranchAsync(bank.Url + "/out", new { Amount = 30 }), new TransOptions { Gid = "g" }, Cancel);

        var call = Assert.Single(bank.Calls);
        Assert.Equal(
            ("xa", "01", "action", bank.Url + "/out"),
            (call.Query["trans_type"], call.Branch, call.Op, call.Query["phase2_url"]));
        Assert.Equal(["/api/dtmsvr/prepare", "/api/dtmsvr/submit"], _coordinator.Paths);

        await Dtm.RegisterXaBranchAsync(BranchContext.Read(call.Query.GetValueOrDefault), Cancel);
        AssertSent(
            "registerBranch",
            $$"""{ "gid": "g", "trans_type": "xa", "branch_id": "01", "url": "{{bank.Url}}/out", "data": "" }""");
    }

    [Fact]
    public async Task Headers_of_the_application_go_along_and_those_of_the_transaction_win()
    {
        await using var client = Clients.Of(
            new Uri(_coordinator.Url), add: services => services.AddSingleton<IBranchHeaderSource>(
                new Sourced(("X-User", "u1"), ("X-Tenant", "none"))));

        var options = new SagaOptions
        {
            Gid = "g",
            BranchHeaders = new Dictionary<string, string> { ["x-tenant"] = "t1" },
        };
        await client.Dtm().Saga(options).SubmitAsync(Cancel);

        var headers = Body("submit")["branch_headers"]!.AsObject();
        Assert.Equal(["t1", "u1"], headers.Select(header => (string)header.Value!).Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/api/dtmsvr")]
    public async Task The_server_may_be_given_with_DTMs_prefix_or_without(string suffix)
    {
        await using var client = Clients.Of(new Uri(_coordinator.Url + suffix));
        await client.Dtm().ForceStopAsync("g", Cancel);
        Assert.Equal("/api/dtmsvr/forceStop", Assert.Single(_coordinator.Paths));
    }

    [Fact]
    public async Task Payloads_obey_the_options_of_the_application()
    {
        var snake = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
        await using var client = Clients.Of(new Uri(_coordinator.Url), options => options.Json = snake);

        await client.Dtm().Saga().Step("a", "", new { UserId = 1 }).SubmitAsync(Cancel);

        Assert.Equal("""{"user_id":1}""", (string?)Body("submit")["payloads"]![0]);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused_here_and_not_damaged_on_the_way() =>
        Assert.Throws<ArgumentException>(() => Dtm.Saga().Step("a", "", new byte[] { 0xFF, 0xFE }));

    [Fact]
    public async Task Options_that_share_custom_data_are_not_sent_half()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Dtm.Saga(new SagaOptions { Concurrent = true, CustomData = "x" }).SubmitAsync(Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Dtm.Msg(new MsgOptions { Delay = TimeSpan.FromSeconds(1), CustomData = "x" }).SubmitAsync(Cancel));
        Assert.Empty(_coordinator.Calls);
    }

    public async ValueTask InitializeAsync()
    {
        _coordinator = await Participant.Start();
        _client = Clients.Of(new Uri(_coordinator.Url));
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    private JsonNode Body(string api) => JsonNode.Parse(_coordinator.On("/api/dtmsvr/" + api)[^1].Body)!;

    private void AssertSent(string api, string json) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), Body(api)), Body(api).ToJsonString());

    private sealed class Sourced(params (string Name, string Value)[] headers) : IBranchHeaderSource
    {
        public void Collect(IDictionary<string, string> collected)
        {
            foreach (var (name, value) in headers)
            {
                collected[name] = value;
            }
        }
    }
}
