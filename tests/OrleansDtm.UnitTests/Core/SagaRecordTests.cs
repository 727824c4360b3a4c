using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The rest of a saga's record: times, lease, history, texts, and when it is written.</summary>
public sealed class SagaRecordTests
{
    [Fact]
    public void The_lease_lasts_while_a_call_is_under_way_and_is_gone_at_the_end()
    {
        var run = new SagaRun("2 concurrent interval=10 request=3");
        run.Submit();
        var lease = SagaRun.Start.AddSeconds(3 + 2 + 2);
        Assert.Equal((null, lease, lease), (run.State.WakeAt, run.State.LeaseUntil, run.State.Due));

        run.Now = SagaRun.Start.AddSeconds(1);
        run.Answer("a0", Outcome.Ongoing());
        Assert.Equal(
            (SagaRun.Start.AddSeconds(11), lease, lease), (run.State.WakeAt, run.State.LeaseUntil, run.State.Due));

        run.Answer("a1", Outcome.Succeeded);
        Assert.Equal((SagaRun.Start.AddSeconds(11), null), (run.State.WakeAt, run.State.LeaseUntil));
        Assert.Equal(SagaRun.Start.AddSeconds(11), run.State.Due);
        Assert.False(run.State.HasInFlight);

        run.Due();
        Assert.Equal((null, SagaRun.Start.AddSeconds(18)), (run.State.WakeAt, run.State.LeaseUntil));

        run.Answer("a0", Outcome.Succeeded);
        Assert.Equal((null, null, null), (run.State.WakeAt, run.State.LeaseUntil, run.State.Due));
        Assert.Equal(run.Now, run.State.Finished);
    }

    /// <summary>A lease includes a reserve, because a changed time costs an index update in the store.</summary>
    [Theory]
    [InlineData(2, 7)]
    [InlineData(2.5, 2.5 + 7)]
    public void The_next_call_takes_a_new_lease_only_when_it_needs_more_than_is_left(double seconds, double lease)
    {
        var run = new SagaRun("2 request=3");
        run.Submit();
        run.Now = SagaRun.Start.AddSeconds(seconds);
        run.Answer("a0", Outcome.Succeeded);

        Assert.Equal(SagaRun.Start.AddSeconds(lease), run.State.LeaseUntil);
    }

    [Theory]
    [InlineData("2 timeout=30 request=3", 7)]
    [InlineData("2 timeout=4 request=3", 4)]
    public void Due_is_the_earlier_of_wake_and_lease(string saga, double seconds)
    {
        var run = new SagaRun(saga);
        run.Submit();

        Assert.Equal(SagaRun.Start.AddSeconds(seconds), run.State.Due);
    }

    [Theory]
    [InlineData("2 concurrent interval=10", 1, 2, 11)]
    [InlineData("2 concurrent interval=10", 2, 1, 11)]
    [InlineData("2 concurrent interval=10 timeout=60", 2, 1, 11)]
    [InlineData("2 concurrent interval=10 timeout=10.5", 2, 1, 10.5)]
    public void The_earliest_retry_or_the_deadline_wakes_it(string saga, double first, double second, double wake)
    {
        var run = new SagaRun(saga);
        run.Submit();
        run.Now = SagaRun.Start.AddSeconds(first);
        run.Answer("a0", Outcome.Ongoing());
        run.Now = SagaRun.Start.AddSeconds(second);
        run.Answer("a1", Outcome.Ongoing());

        Assert.Equal(SagaRun.Start.AddSeconds(wake), run.State.WakeAt);
    }

    [Theory]
    [InlineData("submit:; a0?:; a1-:; a2+:")]
    [InlineData("submit:; a1-:; a0?:; a2~:")]
    public void Turning_back_forgets_the_deadline_and_the_waits_of_actions(string story)
    {
        var run = new SagaRun("3 concurrent timeout=60");
        run.Play(story);

        Assert.Equal(TransactionStatus.Aborting, run.State.Status);
        Assert.All(run.State.Branches, static b => Assert.Null(b.RetryAt));
        Assert.Null(run.State.WakeAt);
    }

    [Fact]
    public void The_history_keeps_the_last_8_attempts()
    {
        var run = new SagaRun("1 interval=1");
        run.Submit();
        for (var i = 1; i <= 11; i++)
        {
            run.Answer("a0", Outcome.Ongoing($"try {i}"));
            Assert.Equal(Math.Min(i, BranchOp.HistoryMax), run["a0"].History.Length);
            run.Due();
        }

        Assert.Equal(
            Enumerable.Range(4, 8).Select(static i => $"try {i}"), run["a0"].History.Select(static a => a.Error));
        Assert.Equal((11, 8), (run["a0"].Attempts, BranchOp.HistoryMax));
    }

    [Fact]
    public void An_attempt_tells_when_how_long_and_what()
    {
        var run = new SagaRun("1");
        run.Submit();
        run.Now = SagaRun.Start.AddSeconds(1);
        run.Answer("a0", Outcome.Unknown("reset by peer"));
        Assert.Equal(
            new Attempt(run.Now, TimeSpan.FromMilliseconds(7), OutcomeKind.Unknown, "reset by peer"),
            Assert.Single(run["a0"].History));

        run.Play("due:; a0+:");
        Assert.Equal([OutcomeKind.Unknown, OutcomeKind.Succeeded], run["a0"].History.Select(static a => a.Outcome));
        Assert.Equal("reset by peer", run["a0"].LastError);
        Assert.Equal(run.Now, run["a0"].Finished);
    }

    [Fact]
    public void A_compensation_that_answers_failure_says_why_it_is_called_again()
    {
        var run = new SagaRun("1");
        run.Play("submit:; a0-:; c0-:");

        Assert.Equal((BranchStatus.Prepared, 1, 1), (run["c0"].Status, run["c0"].Failures, run["c0"].Attempts));
        Assert.Equal(
            "compensate answered FAILURE, but it cannot be refused any more, so it is retried: no",
            run["c0"].LastError);
        Assert.Equal(OutcomeKind.Unknown, Assert.Single(run["c0"].History).Outcome);
        Assert.Equal((BranchStatus.Failed, "no"), (run["a0"].Status, run["a0"].LastError));
        Assert.Equal("url:http://bank/a0 return failed: no FAILURE", run.State.RollbackReason);
    }

    [Fact]
    public void Texts_are_cut_to_1024_characters()
    {
        var run = new SagaRun("1");
        run.Submit();
        run.Answer("a0", Outcome.Failed(new string('x', 2000)));

        Assert.Equal(new string('x', 1024), run["a0"].LastError);
        Assert.Equal(new string('x', 1024), run["a0"].History[0].Error);
        Assert.Equal(1024, run.State.RollbackReason.Length);
        Assert.StartsWith("url:http://bank/a0 return failed: xxx", run.State.RollbackReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_not_cut_inside_a_character()
    {
        var run = new SagaRun("1");
        run.Submit();
        run.Answer("a0", Outcome.Unknown(new string('x', 1023) + "\U0001F600 tail"));

        Assert.Equal(new string('x', 1023), run["a0"].LastError);
    }

    [Fact]
    public void Stored_times_are_whole_milliseconds()
    {
        var run = new SagaRun("1") { Now = SagaRun.Start.AddTicks(12_345) };
        run.Submit();
        run.Answer("a0", Outcome.Unknown("lost"));
        run.Due(run.State.WakeAt!.Value.AddTicks(9_999));
        run.Answer("a0", Outcome.Succeeded);

        var attempts = run["a0"].History.Select(static a => (DateTimeOffset?)a.At);
        DateTimeOffset?[] times = [run.State.Updated, run.State.Finished, run["a0"].Finished, .. attempts];
        Assert.All(times, static t => Assert.Equal(0, t!.Value.Ticks % TimeSpan.TicksPerMillisecond));
        Assert.All(times, t => Assert.True(t <= run.Now));
    }

    [Theory]
    [InlineData("submit:", "submit")]
    [InlineData("submit:", "@0")]
    [InlineData("submit:", "@3600")]
    [InlineData("submit:", "retry")]
    [InlineData("submit:", "a1+")]
    [InlineData("submit:", "c0+")]
    [InlineData("submit:; a0+:", "a0+")]
    [InlineData("submit:; a0+:", "a0-")]
    [InlineData("submit:; a0?:", "@9")]
    [InlineData("submit:; a0?:", "crash")]
    [InlineData("submit:; a0-:; c0?:", "@9")]
    [InlineData("submit:; a0+:; a1+:", "@3600")]
    [InlineData("submit:; a0+:; a1+:", "crash")]
    [InlineData("submit:; stop:", "a0+")]
    [InlineData("submit:; stop:", "@3600")]
    [InlineData("submit:; stop:", "crash")]
    public void An_event_that_changes_nothing_returns_the_same_object(string story, string occurred)
    {
        var run = new SagaRun("2");
        run.Play(story);
        var before = run.State;

        Assert.Equal(occurred + ":", run.Play(occurred + ":"));
        Assert.Same(before, run.State);
    }

    [Fact]
    public void A_new_owner_leaves_alone_the_calls_that_are_really_under_way()
    {
        var run = new SagaRun("3 concurrent");
        run.Play("submit:; a0?:");
        var before = run.State;

        Assert.Same(before, run.Send(new TransactionEvent.Resumed([SagaRun.Index("a1"), SagaRun.Index("a2")])).Next);
        var again = Assert.Single(run.Send(new TransactionEvent.Resumed([SagaRun.Index("a1")])).Calls);

        Assert.Equal((SagaRun.Index("a2"), 1), (again.Index, again.Attempt));
        Assert.Equal((0, 0), (run["a2"].Attempts, run["a2"].Failures));
        Assert.Same(before.Branches[SagaRun.Index("a0")], run["a0"]);
    }

    [Fact]
    public void A_new_owner_catches_up_with_what_fell_due_in_between()
    {
        var run = new SagaRun("1 timeout=60");
        run.Play("submit:; a0?:");
        run.Now = SagaRun.Start.AddSeconds(20);
        Assert.Equal("crash: a0", run.Play("crash:"));
        run.Now = SagaRun.Start.AddSeconds(60);
        Assert.Equal("crash: aborting c0", run.Play("crash:"));
    }

    [Fact]
    public void Deciding_leaves_the_version_to_the_store()
    {
        var run = new SagaRun("1");
        Assert.Equal(0, run.Submit().Next!.Version);
        Assert.Equal(1, run.Answer("a0", Outcome.Unknown("lost")).Next!.Version);
        Assert.Equal(2, run.Due().Next!.Version);
    }
}
