using System.Globalization;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The retry delays of a saga, and its retry limit.</summary>
public sealed class SagaRetryTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData("1 interval=1 max=8", new double[] { 1, 2, 4, 8, 8, 8 })]
    [InlineData("1 interval=1 max=6", new double[] { 1, 2, 4, 6, 6 })]
    [InlineData("1 interval=0.1 max=100", new double[] { 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4 })]
    [InlineData("1 interval=10 max=3", new double[] { 10, 10, 10 })]
    public void Waits_double_up_to_the_cap_with_jitter_of_at_most_a_fifth(string saga, double[] seconds)
    {
        foreach (var gid in Enumerable.Range(0, 50).Select(static i => "g" + i.ToString(CultureInfo.InvariantCulture)))
        {
            var run = new SagaRun(saga, gid);
            run.Submit();
            foreach (var second in seconds)
            {
                run.Answer("a0", Outcome.Unknown("lost"));
                var wait = run.State.WakeAt!.Value - run.Now;
                Assert.InRange(
                    wait,
                    TimeSpan.FromSeconds(second),
                    TimeSpan.FromSeconds(second * (1 + RetryPolicy.JitterShare)) + Millisecond);
                run.Due();
            }
        }
    }

    /// <summary>At least the service's Retry-After, at most the cap, and never less than the backoff delay.</summary>
    [Theory]
    [InlineData("1 interval=1 max=8", 5, 5)]
    [InlineData("1 interval=1 max=8", 3600, 8)]
    [InlineData("1 interval=10 max=3", 60, 10)]
    [InlineData("1 interval=4 max=8", 2, 4)]
    [InlineData("1 interval=1 max=8", -5, 1)]
    public void What_a_service_asks_for_is_waited_up_to_the_cap(string saga, double asked, double seconds)
    {
        foreach (var outcome in new[] { Outcome.Unknown("busy"), Outcome.Ongoing("busy") })
        {
            var run = new SagaRun(saga);
            run.Submit();
            run.Answer("a0", outcome with { RetryAfter = TimeSpan.FromSeconds(asked) });
            var wait = run.State.WakeAt!.Value - run.Now;
            Assert.InRange(
                wait,
                TimeSpan.FromSeconds(seconds),
                TimeSpan.FromSeconds(seconds * (1 + RetryPolicy.JitterShare)) + Millisecond);
        }
    }

    [Fact]
    public void Jitter_spreads_transactions_and_branches_and_is_the_same_when_replayed()
    {
        var options = new SagaRun("1 interval=10").Submission.Definition.Options;
        var waits = Enumerable.Range(0, 200)
            .Select(i => RetryPolicy.AfterError(
                RetryPacing.Of(options), 1, "g" + i.ToString(CultureInfo.InvariantCulture), i % 4))
            .ToList();

        Assert.Equal(200, waits.Distinct().Count());
        Assert.InRange(waits.Average(static w => w.TotalSeconds), 10.8, 11.2);
        Assert.Equal(waits[7], RetryPolicy.AfterError(RetryPacing.Of(options), 1, "g7", 3));
        Assert.NotEqual(waits[7], RetryPolicy.AfterError(RetryPacing.Of(options), 1, "g7", 2));
    }

    [Fact]
    public void The_wait_stays_at_the_cap_however_often_it_fails()
    {
        var options = new SagaRun("1 interval=10 max=600").Submission.Definition.Options;

        Assert.InRange(
            RetryPolicy.AfterError(RetryPacing.Of(options), int.MaxValue, "g1", 0),
            TimeSpan.FromSeconds(600),
            TimeSpan.FromSeconds(720));
        Assert.Throws<ArgumentOutOfRangeException>(() => RetryPolicy.AfterError(RetryPacing.Of(options), 0, "g1", 0));
    }

    [Theory]
    [InlineData("a0?")]
    [InlineData("a0~")]
    public void A_retry_is_never_early(string answer)
    {
        var run = new SagaRun("1");
        run.Play($"submit:; {answer}:");
        var wake = run.State.WakeAt!.Value;
        var waiting = run.State;

        Assert.Same(waiting, run.Due(wake - Millisecond).Next);
        Assert.Same(waiting, run.Due(wake - TimeSpan.FromTicks(1)).Next);
        Assert.Equal(2, Assert.Single(run.Due(wake).Calls).Attempt);
    }

    [Fact]
    public void The_wait_counts_from_the_answer_although_stored_times_are_whole_milliseconds()
    {
        var run = new SagaRun("1 interval=1");
        run.Submit();
        run.Now = SagaRun.Start.AddTicks((3 * TimeSpan.TicksPerMillisecond) + 9_999);
        run.Answer("a0", Outcome.Ongoing());

        Assert.Equal(SagaRun.Start + (3 * Millisecond), run.State.Updated);
        Assert.Equal(SagaRun.Start + (1004 * Millisecond), run.State.WakeAt);
    }

    [Theory]
    [InlineData("a0~")]
    [InlineData("a0?")]
    public void No_wait_is_shorter_than_a_tenth_of_a_second(string answer)
    {
        var run = new SagaRun("1 interval=0.001 max=0.01");
        for (var i = 0; i < 20; i++)
        {
            run.Play(i == 0 ? $"submit:; {answer}:" : $"due:; {answer}:");
            Assert.True(run.State.WakeAt - run.Now >= TimeSpan.FromMilliseconds(100), $"{run.State.WakeAt - run.Now}");
        }
    }

    [Fact]
    public void Ongoing_waits_the_interval_that_grows_slowly_and_resets_the_doubling()
    {
        var run = new SagaRun("1 interval=1 max=100");
        run.Play("submit:; a0?:; due:; a0?:; due:; a0?:");
        Assert.Equal(3, run["a0"].Failures);

        foreach (var seconds in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 8, 8])
        {
            run.Play("due:; a0~:");
            Assert.Equal((0, TimeSpan.FromSeconds(seconds)), (run["a0"].Failures, run.State.WakeAt - run.Now));
        }

        run.Play("due:; a0?:");
        Assert.InRange(
            run.State.WakeAt!.Value - run.Now, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.2) + Millisecond);
    }

    [Fact]
    public void Retry_now_keeps_the_doubling_and_success_resets_it()
    {
        var run = new SagaRun("1 interval=1 max=100");
        run.Play("submit:; a0?:; due:; a0?:; retry:; a0?:");
        Assert.Equal((3, 3), (run["a0"].Failures, run["a0"].Attempts));
        Assert.InRange(
            run.State.WakeAt!.Value - run.Now, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(4.8) + Millisecond);

        run.Play("due:; a0+:");
        Assert.Equal((0, 4), (run["a0"].Failures, run["a0"].Attempts));
        Assert.Null(run["a0"].RetryAt);
    }

    [Theory]
    [InlineData("1 limit=1", "submit: submitted a0; a0?:; due: a0; a0?: aborting c0", 1)]
    [InlineData("1 limit=3", "submit: submitted a0; a0?:; due: a0; a0?:; due: a0; a0?:; due: a0; a0?: aborting c0", 3)]
    [InlineData("2 limit=2", "submit: submitted a0; a0?:; due: a0; a0+: a1; a1?:; due: a1; a1?: aborting c1", 2)]
    [InlineData("2 concurrent limit=1", "submit: submitted a0 a1; a0?:; a1?: aborting c1 c0", 1)]
    [InlineData(
        "1 limit=1",
        "submit: submitted a0; a0~:; due: a0; a0~:; due: a0; a0?:; crash:; retry: a0; a0?: aborting c0",
        1)]
    [InlineData(
        "2 concurrent limit=1", "submit: submitted a0 a1; a0?:; crash: a1; crash: a1; a1?: aborting c0; @7: c1", 1)]
    public void After_the_retry_limit_it_turns_back_counting_neither_ongoing_nor_a_crash(
        string saga, string story, int limit)
    {
        var run = new SagaRun(saga);

        Assert.Equal(story, run.Play(story));
        Assert.Equal(limit, run.State.RetryCount);
        Assert.Equal($"RetryCount is greater than RetryLimit, RetryLimit: {limit}", run.State.RollbackReason);
    }

    [Fact]
    public void A_limited_retry_is_stored_with_its_count_and_really_waits()
    {
        var run = new SagaRun("1 limit=5 interval=10");
        run.Play("submit:; a0?:");

        Assert.Equal(1, run.State.RetryCount);
        Assert.InRange(
            run.State.WakeAt!.Value - run.Now, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(12) + Millisecond);
        run.Play("due:; a0?:");
        Assert.Equal(2, run.State.RetryCount);
        Assert.InRange(
            run.State.WakeAt!.Value - run.Now, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(24) + Millisecond);
    }

    [Theory]
    [InlineData("1 timeout=30", "Timeout after 30 seconds")]
    [InlineData("1 timeout=1.5", "Timeout after 1.5 seconds")]
    public void The_reason_of_a_timeout_names_the_seconds(string saga, string reason)
    {
        var run = new SagaRun(saga);
        run.Submit();
        var due = run.Submission.Definition.Created + run.Submission.Definition.Options.TimeoutToFail;

        Assert.Equal(due, run.State.WakeAt);
        run.Due(due - Millisecond);
        Assert.Equal(TransactionStatus.Submitted, run.State.Status);
        run.Due(due);
        Assert.Equal(TransactionStatus.Aborting, run.State.Status);
        Assert.Equal(reason, run.State.RollbackReason);
    }

    [Fact]
    public void The_last_success_beats_a_timeout_that_has_passed_unnoticed()
    {
        var run = new SagaRun("1 timeout=30");
        run.Submit();
        run.Now = SagaRun.Start.AddSeconds(31);

        run.Answer("a0", Outcome.Succeeded);

        Assert.Equal(TransactionStatus.Succeed, run.State.Status);
    }
}
