using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Times, texts and contents of a workflow, which stories do not show.</summary>
public sealed class WorkflowRuleTests
{
    [Fact]
    public void Progress_is_kept_as_it_came_binary_payload_included()
    {
        var run = Played("2", "prepare:; @3:; reg0:");
        var progress = Assert.Single(run.State.Branches);

        Assert.Equal(new byte[] { 0, 0x80, 0xff }, progress.Definition.Payload.ToArray());
        Assert.Equal((BranchStatus.Succeed, true, false), (progress.Status, progress.Started, progress.InFlight));
        Assert.Equal(run.Now, progress.Finished);
    }

    [Fact]
    public void The_result_that_was_recorded_first_stays()
    {
        var run = Played("1", "prepare:; reg0:");
        var before = run.State;

        Assert.Equal("branch 01 do is registered already, with other content", run.Ask("reg0!"));
        var failed = new TransactionEvent.Register(TransactionType.Workflow, run.CallsOf(0), BranchStatus.Failed);
        Assert.Equal(RejectionKind.Superseded, run.Send(failed).Rejection?.Kind);
        Assert.Same(before, run.State);
    }

    [Fact]
    public void A_step_that_failed_is_progress_like_any_other()
    {
        var run = Played("1", "prepare:");

        Assert.Null(run.Send(
            new TransactionEvent.Register(TransactionType.Workflow, run.CallsOf(0), BranchStatus.Failed)).Rejection);
        Assert.Equal((TransactionStatus.Prepared, BranchStatus.Failed), (run.State.Status, run["p0"].Status));
    }

    [Theory]
    [InlineData("succeed", TransactionStatus.Succeed, "", "result")]
    [InlineData("fail", TransactionStatus.Failed, "no", "")]
    public void The_end_is_kept_with_its_reason_and_result(
        string end, TransactionStatus status, string reason, string result)
    {
        var run = Played("1", $"prepare:; @3:; {end}:");

        Assert.Equal((status, reason, result), (run.State.Status, run.State.RollbackReason, run.State.Result));
        Assert.Equal(run.Now, run.State.Finished);
        Assert.Null(run.State.Due);
    }

    [Fact]
    public void An_end_said_again_in_other_words_changes_nothing()
    {
        var run = Played("1", "prepare:; succeed:");
        var before = run.State;

        Assert.Null(run.Send(new TransactionEvent.FinishWorkflow(TransactionStatus.Succeed, "why", "other")).Rejection);
        Assert.Same(before, run.State);
    }

    [Theory]
    [InlineData(TransactionStatus.None)]
    [InlineData(TransactionStatus.Prepared)]
    [InlineData(TransactionStatus.Submitted)]
    [InlineData(TransactionStatus.Aborting)]
    [InlineData((TransactionStatus)99)]
    public void An_end_that_is_none_is_refused(TransactionStatus status)
    {
        var run = Played("1", "prepare:");
        var before = run.State;

        Assert.Equal(
            RejectionKind.Invalid, run.Send(new TransactionEvent.FinishWorkflow(status, "", "")).Rejection?.Kind);
        Assert.Same(before, run.State);
    }

    [Theory]
    [InlineData("prepare:; succeed:", "fail", "current status 'succeed', cannot sumbmit. FAILURE")]
    [InlineData("prepare:; succeed:", "reg0", "no trans with gid: g1 status: prepared found FAILURE")]
    [InlineData("prepare:", "submit", "a workflow is submitted with its status in req_extra")]
    [InlineData("prepare:", "abort", "trans type: 'workflow' current status 'prepared', cannot abort. FAILURE")]
    public void A_refusal_says_what_is_wrong(string story, string request, string refusal) =>
        Assert.Equal(refusal, Played("1", story).Ask(request));

    [Fact]
    public void The_callback_is_retried_at_its_own_interval_doubling_after_errors_only()
    {
        var run = Played("1 interval=2 max=5", "prepare:");
        foreach (var (answer, seconds) in new[]
        {
            ("w0~", 2), ("w0+", 2), ("w0?", 2), ("w0?", 4), ("w0-", 5), ("w0+", 2), ("w0?", 2),
        })
        {
            run.Due();
            run.Play(answer + ":");
            var jitter = answer is "w0?" or "w0-" ? RetryPolicy.JitterShare : 0;
            Assert.InRange((run.State.WakeAt!.Value - run.Now).TotalSeconds, seconds, (seconds * (1 + jitter)) + 0.001);
        }
    }

    [Fact]
    public void Progress_after_an_unnoticed_silence_is_not_answered_with_a_second_start()
    {
        var run = Played("1", "prepare:");
        run.Now = TransactionRun.Start.AddSeconds(25);

        Assert.Empty(run.Send(run.Event("reg0")).Calls);
        Assert.Equal(35, run.WakeSecond());
    }

    [Fact]
    public void The_callback_is_branch_00_under_the_workflows_name()
    {
        var call = Assert.Single(Played("1", "prepare:").Due().Calls);

        Assert.Equal(
            (Transaction.QueryIndex, "00", "transfer", "http://bank/w0", 1),
            (call.Index, call.Branch.Id, call.Branch.Op, call.Branch.Url, call.Attempt));
    }

    private static TransactionRun Played(string words, string story)
    {
        var run = new TransactionRun(Layout.Workflow, words);
        run.Play(story);
        return run;
    }
}
