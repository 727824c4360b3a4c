using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Messages and topics, used as DTM's SDKs do.</summary>
[Collection(SharedServer.Name)]
public sealed class MsgApiTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    [Fact]
    public async Task A_prepared_message_whose_local_transaction_was_not_committed_is_not_sent()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Query", Reply.Error, Reply.Ongoing, Reply.Refusal);

        await Ok("prepare", PatternBodies.Msg(gid, busi).With("timeout_to_fail", 0.5).With("retry_interval", 0.3));
        await Dtm.Until("failed", gid);

        Assert.Equal(["/Query", "/Query", "/Query"], busi.Paths);
    }

    [Fact]
    public async Task A_message_decided_while_it_is_asked_about_keeps_the_decision()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Query", Reply.Refusal.After(gate));
        await Ok("prepare", PatternBodies.Msg(gid, busi).With("timeout_to_fail", 0.2));
        await busi.Called("/Query");

        await Ok("submit", PatternBodies.Msg(gid, busi).With("wait_result", true));
        gate.Open();

        Assert.Equal("succeed", (string?)(await Dtm.Transaction(gid))?["status"]);
        Assert.Equal(["/Query", "/Act1", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task A_delayed_message_is_not_sent_early()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var before = busi.Now;

        await Ok("submit", PatternBodies.Msg(gid, busi).With("custom_data", """{"delay":1.5}"""));
        var called = await busi.Called("/Act1");
        await Dtm.Until("succeed", gid);

        Assert.True(called.At - before >= TimeSpan.FromSeconds(1.5), $"called after {called.At - before}");
    }

    [Fact]
    public async Task A_concurrent_message_does_not_wait_for_a_slow_receiver()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var gate = new Gate();
        busi.On("/Act1", Reply.Success.After(gate));

        await Ok("submit", PatternBodies.Msg(gid, busi).With("concurrent", true));
        await busi.Called("/Act2");
        gate.Open();

        await Dtm.Until("succeed", gid);
    }

    [Fact]
    public async Task A_receiver_that_answers_FAILURE_is_asked_again()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Refusal, Reply.Success);

        await Ok("submit", PatternBodies.Msg(gid, busi));
        await Dtm.Until("succeed", gid);

        Assert.Equal(["/Act1", "/Act1", "/Act2"], busi.Paths);
    }

    [Fact]
    public async Task Prepare_submit_and_abort_said_again_have_one_effect_and_one_answer()
    {
        await using var busi = await Participant.Start();
        var (sent, dropped) = (SagaBody.NewGid(), SagaBody.NewGid());
        foreach (var gid in new[] { sent, dropped })
        {
            await Ok("prepare", PatternBodies.Msg(gid, busi));
            await Ok("prepare", PatternBodies.Msg(gid, busi));
        }

        var submits = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => Dtm.Submit(PatternBodies.Msg(sent, busi))));
        await Dtm.Until("succeed", sent);
        await Ok("abort", PatternBodies.Of(dropped, "msg"));
        await Ok("abort", PatternBodies.Of(dropped, "msg"));
        var late = await Dtm.Submit(PatternBodies.Msg(dropped, busi));

        // A submit after the end gets the status, as in DTM. No message is sent twice either way.
        Assert.All(submits, answer => Assert.True(
            answer.Status == 200 || answer.Message.Contains("'succeed'", StringComparison.Ordinal), answer.Text));
        Assert.Equal(409, late.Status);
        Assert.Equal(["/Act1", "/Act2"], busi.Paths);
    }

    [Theory]
    [InlineData("prepare", "query_prepared", null, "query_prepared")]
    [InlineData("submit", "steps", null, "payloads")]
    [InlineData("submit", "custom_data", """{"delay":-1}""", "delay")]
    [InlineData("submit", "custom_data", "{", "custom_data")]
    [InlineData("submit", "callback_url", "nowhere", "callback_url")]
    public async Task A_message_that_makes_no_sense_is_refused_by_field(
        string api, string field, string? value, string named)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var body = PatternBodies.Msg(gid, busi).With(field, value);
        var answer = await Dtm.Post(api, body);

        Assert.True(answer is { Status: 400, Result: "FAILURE" }, $"{answer.Status}: {answer.Text}");
        Assert.Contains(named, answer.Message, StringComparison.Ordinal);
        Assert.Null(await Dtm.Transaction(gid));
    }

    [Fact]
    public async Task A_topic_delivers_to_those_who_subscribe_at_that_moment()
    {
        await using var busi = await Participant.Start();
        var topic = "t-" + Guid.NewGuid().ToString("N");
        await Get($"subscribe?topic={topic}&url={busi.Url}/SubA");
        var post = await Dtm.Send(
            HttpMethod.Post, $"{Dtm.Api}/subscribe?topic={topic}&url={busi.Url}/SubB&remark=b", null);
        Assert.Equal(200, post.Status);

        await Ok("submit", ToTopic(SagaBody.NewGid(), topic).With("wait_result", true));
        await Get($"unsubscribe?topic={topic}&url={busi.Url}/SubA");
        await Ok("submit", ToTopic(SagaBody.NewGid(), topic).With("wait_result", true));
        var deleted = await Dtm.Send(HttpMethod.Delete, $"{Dtm.Api}/topic/{topic}", null);
        var gone = await Dtm.Submit(ToTopic(SagaBody.NewGid(), topic));

        Assert.Equal(["/SubA", "/SubB", "/SubB"], busi.Paths);
        Assert.Equal(200, deleted.Status);
        Assert.True(
            gone.Status == 400 && gone.Message.Contains("topic not found", StringComparison.Ordinal), gone.Text);
    }

    [Fact]
    public async Task A_prepared_message_goes_to_whom_it_was_prepared_for_although_the_topic_has_gone_since()
    {
        await using var busi = await Participant.Start();
        var topic = "t-" + Guid.NewGuid().ToString("N");
        var gid = SagaBody.NewGid();
        await Get($"subscribe?topic={topic}&url={busi.Url}/SubA");
        await Ok("prepare", ToTopic(gid, topic).With("query_prepared", $"{busi.Url}/Query"));
        await Dtm.Send(HttpMethod.Delete, $"{Dtm.Api}/topic/{topic}", null);

        await Ok("submit", ToTopic(gid, topic).With("wait_result", true));

        Assert.Equal(["/SubA"], busi.Paths);
    }

    [Fact]
    public async Task Subscribers_may_not_make_more_calls_of_a_message_than_a_transaction_may_have()
    {
        await using var busi = await Participant.Start();
        var topic = "t-" + Guid.NewGuid().ToString("N");
        var gid = SagaBody.NewGid();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Get($"subscribe?topic={topic}&url={busi.Url}/Sub{i}")));
        var steps = Enumerable.Range(0, 334)
            .Select(_ => (JsonNode)new JsonObject { ["action"] = $"topic://{topic}" })
            .ToArray();
        var body = ToTopic(gid, topic)
            .With("steps", new JsonArray(steps))
            .With("payloads", new JsonArray([.. Enumerable.Repeat(0, 334).Select(_ => (JsonNode)"{}")]));

        var answer = await Dtm.Submit(body);

        Assert.True(
            answer.Status == 400 && answer.Message.Contains("1002 calls", StringComparison.Ordinal), answer.Text);
        Assert.Null(await Dtm.Transaction(gid));
    }

    [Fact]
    public async Task Subscribing_from_many_sides_at_once_loses_nobody()
    {
        await using var busi = await Participant.Start();
        var topic = "t-" + Guid.NewGuid().ToString("N");

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 24).Select(i => Dtm.Get($"subscribe?topic={topic}&url={busi.Url}/Sub{i}")));
        var stored = await Dtm.Get($"queryKV?cat=topics&key={topic}");
        var again = await Dtm.Get($"subscribe?topic={topic}&url={busi.Url}/Sub1");

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(24, JsonNode.Parse((string)stored.Json!["kv"]![0]!["v"]!)!.AsArray().Count);
        Assert.True(again is { Status: 409, Message: "this url exists" }, again.Text);
    }

    [Fact]
    public async Task Topics_are_listed_page_by_page()
    {
        await using var busi = await Participant.Start();
        var topics = Enumerable.Range(0, 5).Select(_ => "t-" + Guid.NewGuid().ToString("N")).ToList();
        foreach (var topic in topics)
        {
            await Get($"subscribe?topic={topic}&url={busi.Url}/Sub");
        }

        List<string> seen = [];
        var position = "";
        do
        {
            var page = (await Dtm.Get($"scanKV?cat=topics&limit=2&position={position}")).Json!;
            seen.AddRange(page["kv"]!.AsArray().Select(item => (string)item!["k"]!));
            position = (string)page["next_position"]!;
        }
        while (position.Length > 0);

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Subset(seen.ToHashSet(), topics.ToHashSet());
    }

    private static JsonObject ToTopic(string gid, string topic) => PatternBodies.Of(gid, "msg")
        .With("steps", new JsonArray(new JsonObject { ["action"] = $"topic://{topic}" }))
        .With("payloads", new JsonArray("{}"));

    private async Task Get(string apiAndQuery) => Assert.Equal(200, (await Dtm.Get(apiAndQuery)).Status);

    private async Task Ok(string api, JsonObject body)
    {
        var answer = await Dtm.Post(api, body);
        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{api} answered {answer.Status}: {answer.Text}");
    }
}
