using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>The retries of a step: when they happen, their delays, and what ends them.</summary>
[Collection(SharedServer.Name)]
public sealed class SagaRetryTests(RunningServer running)
{
    /// <summary>The tolerance of delays. Times are stored in milliseconds, and two clocks are compared.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    private Dtm Dtm => running.Dtm;

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(302)]
    [InlineData(404)]
    [InlineData(503)]
    public async Task Whatever_is_neither_200_nor_409_nor_425_is_retried(int status)
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var location = status == 302 ? busi.Url + "/Elsewhere" : null;
        busi.On("/Act1", new Reply(status, status == 204 ? "" : "{}") { Location = location }, Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi));

        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act1", "/Act2"], busi.Paths); // a redirect is not followed
        AssertWait(busi.On("/Act1"), 1, RunningServer.RetryInterval);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_retried()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Success with { Drops = true }, Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi));

        await Dtm.Until("succeed", gid);
        AssertWait(busi.On("/Act2"), 1, RunningServer.RetryInterval);
    }

    [Fact]
    public async Task A_timeout_to_fail_turns_back_a_saga_whose_step_keeps_failing()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act2", Reply.Error);
        var before = busi.Now;

        await Dtm.Accept(SagaBody.Of(gid, busi).With("timeout_to_fail", 1));

        var failed = await Dtm.Until("failed", gid);
        Assert.Equal("Timeout after 1 seconds", (string?)failed["rollback_reason"]);
        Assert.Equal(
            ["/Comp2", "/Comp1"], busi.Paths.Where(static p => p.StartsWith("/Comp", StringComparison.Ordinal)));
        Assert.EndsWith("/Comp1", busi.Paths.Last(), StringComparison.Ordinal);
        Assert.InRange(busi.On("/Comp2")[0].At - before, TimeSpan.FromSeconds(1) - Grain, TimeSpan.FromSeconds(15));
        Assert.True(busi.On("/Act2").Count >= 2, "the step was not even retried");
    }

    [Fact]
    public async Task A_retry_limit_turns_back_after_real_waits_between_the_tries()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);

        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_limit", 2));

        var failed = await Dtm.Until("failed", gid);
        Assert.Equal("RetryCount is greater than RetryLimit, RetryLimit: 2", (string?)failed["rollback_reason"]);
        Assert.Equal(["/Act1", "/Act1", "/Act1", "/Comp1"], busi.Paths);
        AssertWait(busi.On("/Act1"), 1, RunningServer.RetryInterval);
        AssertWait(busi.On("/Act1"), 2, 2 * RunningServer.RetryInterval);
    }

    [Fact]
    public async Task ONGOING_is_asked_again_at_a_constant_interval()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        var inBody = new Reply(200, """{"dtm_result":"ONGOING"}""");
        busi.On("/Act1", Reply.Ongoing, inBody, Reply.Ongoing, inBody, Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi));

        await Dtm.Until("succeed", gid);
        var calls = busi.On("/Act1");
        Assert.Equal(5, calls.Count);
        for (var n = 1; n < calls.Count; n++)
        {
            AssertWait(calls, n, RunningServer.RetryInterval);
        }

        // With doubling, the last delay would have been eight intervals.
        Assert.True(
            calls[4].At - calls[3].At < 5 * RunningServer.RetryInterval,
            $"the last wait was {calls[4].At - calls[3].At}");
    }

    [Fact]
    public async Task A_retry_interval_of_the_transaction_is_kept()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Ongoing, Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 2));

        await Dtm.Until("succeed", gid);
        AssertWait(busi.On("/Act1"), 1, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_call_that_takes_longer_than_request_timeout_is_given_up_and_made_again()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Success.After(new Gate()), Reply.Success);

        await Dtm.Accept(SagaBody.Of(gid, busi).With("request_timeout", 1));

        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act1", "/Act2"], busi.Paths);
        var given = busi.On("/Act1");
        // Less than the server's own timeout of 3 s plus the retry delay.
        Assert.InRange(given[1].At - given[0].At, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3.3));
    }

    [Fact]
    public async Task ResetNextCronTime_makes_a_waiting_retry_happen_now()
    {
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error, Reply.Success);
        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 300));
        await Dtm.UntilWaiting(gid);
        Assert.Single(busi.Calls);

        var answer = await Dtm.Post("resetNextCronTime", new JsonObject { ["gid"] = gid });

        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{answer.Status}: {answer.Text}");
        await Dtm.Until("succeed", gid);
        Assert.Equal(["/Act1", "/Act1", "/Act2"], busi.Paths);
    }

    /// <summary>Asserts the minimum delay between call n - 1 and call n (from 0).</summary>
    private static void AssertWait(IReadOnlyList<Call> calls, int n, TimeSpan atLeast)
    {
        var wait = calls[n].At - calls[n - 1].At;
        Assert.True(wait >= atLeast - Grain, $"call {n} came after {wait}, earlier than {atLeast}");
    }
}
