using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Times, texts and contents of a message, which stories do not show.</summary>
public sealed class MsgRuleTests
{
    [Fact]
    public void The_question_goes_to_branch_00_with_the_op_of_a_message()
    {
        var call = Assert.Single(Prepared("1").Due(TransactionRun.Start.AddSeconds(35)).Calls);

        Assert.Equal(
            (Transaction.QueryIndex, "00", BranchOps.Msg, "http://bank/q0", 1),
            (call.Index, call.Branch.Id, call.Branch.Op, call.Branch.Url, call.Attempt));
    }

    [Fact]
    public void Ongoing_is_asked_again_at_a_slowly_growing_interval_and_an_error_at_a_doubling_one()
    {
        var run = Prepared("1 timeout=35 interval=2 max=100", asked: true);
        foreach (var seconds in new[] { 2, 4, 6 })
        {
            run.Play("q0~:");
            Assert.Equal(TimeSpan.FromSeconds(seconds), run.State.WakeAt - run.Now);
            run.Due();
        }

        foreach (var seconds in new[] { 2, 4, 8 })
        {
            run.Play("q0?:");
            Assert.InRange(
                (run.State.WakeAt!.Value - run.Now).TotalSeconds,
                seconds,
                seconds * (1 + RetryPolicy.JitterShare) + 0.001);
            run.Due();
        }

        Assert.Equal((6, 3), (run["q0"].Attempts, run["q0"].Failures));
    }

    [Theory]
    [InlineData("1", "prepare:", 35)]
    [InlineData("1 timeout=7", "prepare:", 7)]
    [InlineData("1", "prepare:; submit:", null)]
    [InlineData("1", "prepare:; @35:; submit:", null)]
    [InlineData("1", "prepare:; @35:; q0~:", 45)]
    [InlineData("1", "prepare:; @35:; q0~:; submit:", null)]
    [InlineData("1", "prepare:; @35:; q0~:; @40:; retry:", null)]
    [InlineData("1 delay=60", "prepare:", 35)]
    [InlineData("1 delay=60", "prepare:; @20:; submit:", 80)]
    [InlineData("1", "prepare:; @20:; submit*delay=5:", 25)]
    [InlineData("1 delay=60", "prepare:; @20:; submit*delay=5:", 25)]
    [InlineData("1 delay=60", "prepare:; @20:; submit*custom:", null)]
    [InlineData("1 delay=60", "prepare:; @35:; q0+:", 60)]
    [InlineData("1 delay=60", "submit:; @60:", null)]
    [InlineData("1 delay=60", "submit:; @60:; a0~:", 70)]
    [InlineData("1", "prepare:; abort:", null)]
    public void It_wakes_for_the_question_the_delay_or_the_retry_and_for_nothing_else(
        string msg, string story, int? second)
    {
        var run = new TransactionRun(Layout.Msg, msg);
        run.Play(story);

        Assert.Equal(second, run.WakeSecond());
    }

    [Theory]
    [InlineData("prepare:; @35:; q0-:", "the local transaction was not committed: query_prepared answered FAILURE")]
    [InlineData("prepare:; abort:", "changed my mind")]
    [InlineData("prepare:; abort:; abort:", "changed my mind")]
    [InlineData("prepare:; stop:", "stopped by force, without compensation")]
    public void A_message_that_is_not_sent_says_why(string story, string reason)
    {
        var run = new TransactionRun(Layout.Msg, "1");
        run.Play(story);

        Assert.Equal((TransactionStatus.Failed, reason), (run.State.Status, run.State.RollbackReason));
        Assert.Equal(run.Now, run.State.Finished);
        Assert.False(run["a0"].Started);
        Assert.Null(run.State.Due);
    }

    [Theory]
    [InlineData("prepare:; submit:", "prepare", "current status 'submitted', cannot prepare. FAILURE")]
    [InlineData("prepare:; submit:", "abort", "trans type: 'msg' current status 'submitted', cannot abort. FAILURE")]
    [InlineData("prepare:; abort:", "submit", "current status 'failed', cannot sumbmit. FAILURE")]
    [InlineData("prepare:; abort:", "prepare", "current status 'failed', cannot prepare. FAILURE")]
    [InlineData("submit:; a0+:", "submit", "current status 'succeed', cannot sumbmit. FAILURE")]
    [InlineData("submit:; a0+:", "abort", "trans type: 'msg' current status 'succeed', cannot abort. FAILURE")]
    [InlineData("prepare:", "reg0", "a msg takes no further branches. FAILURE")]
    public void A_refusal_uses_the_words_of_the_reference(string story, string request, string refusal)
    {
        var run = new TransactionRun(Layout.Msg, "1");
        run.Play(story);

        Assert.Equal(refusal, run.Ask(request));
        Assert.Equal(refusal, run.Ask(request));
    }

    [Fact]
    public void A_submit_after_a_prepare_sends_what_was_prepared()
    {
        var run = Prepared("1");
        var other = new TransactionRun(Layout.Msg, "3 concurrent delay=9");

        var call = Assert.Single(run.Send(other.Event("submit")).Calls);

        Assert.Same(run.Submission.Branches[0], call.Branch);
        Assert.Same(run.Submission.Definition, run.State.Definition);
    }

    [Fact]
    public void An_action_that_answers_failure_says_that_it_is_called_again()
    {
        var run = new TransactionRun(Layout.Msg, "1");
        run.Play("submit:; a0-:");

        Assert.Equal(
            "action answered FAILURE, but it cannot be refused any more, so it is retried: no", run["a0"].LastError);
        Assert.Equal((BranchStatus.Prepared, 1, ""), (run["a0"].Status, run["a0"].Failures, run.State.RollbackReason));
    }

    [Fact]
    public void An_answer_that_comes_after_the_decision_is_kept_as_it_was()
    {
        var run = Prepared("1", asked: true);
        run.Play("submit:; q0-:");

        Assert.Equal(
            (TransactionStatus.Submitted, BranchStatus.Failed, "no"),
            (run.State.Status, run["q0"].Status, run["q0"].LastError));
        Assert.Equal("", run.State.RollbackReason);
    }

    [Theory]
    [InlineData("1 noask", "query_prepared")]
    [InlineData("1 empty=q0", "query_prepared")]
    [InlineData("1 timeout=0", "timeout_to_fail")]
    public void A_message_that_could_never_be_asked_about_cannot_be_prepared(string msg, string field)
    {
        var decision = new TransactionRun(Layout.Msg, msg).Send(new TransactionRun(Layout.Msg, msg).Event("prepare"));

        Assert.Equal(RejectionKind.Invalid, decision.Rejection?.Kind);
        Assert.StartsWith(field + ": ", decision.Rejection!.Message, StringComparison.Ordinal);
        Assert.Null(decision.Next);
    }

    [Fact]
    public void Each_step_is_one_action_in_its_order()
    {
        BranchStep[] steps = [new("http://a", "http://never", new byte[] { 1 }), new("http://b", "", new byte[] { 2 })];

        var plan = BranchPlan.Of(TransactionType.Msg, steps, TransactionRun.Start);

        Assert.Equal(
            [("01", BranchOps.Action, "http://a", 1), ("02", BranchOps.Action, "http://b", 2)],
            plan.Select(static b => (b.Id, b.Op, b.Url, (int)b.Payload.Span[0])));
    }

    private static TransactionRun Prepared(string msg, bool asked = false)
    {
        var run = new TransactionRun(Layout.Msg, msg);
        run.Play("prepare:");
        if (asked)
        {
            run.Due();
        }

        return run;
    }
}
