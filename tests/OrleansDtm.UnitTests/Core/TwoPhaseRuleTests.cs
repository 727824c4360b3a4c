using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Times, texts and contents of tcc and xa, which stories do not show.</summary>
public sealed class TwoPhaseRuleTests
{
    [Theory]
    [InlineData(TransactionType.Tcc, "1 timeout=35", "Timeout after 35 seconds")]
    [InlineData(TransactionType.Xa, "1 timeout=1.5", "Timeout after 1.5 seconds")]
    public void A_timeout_turns_it_back_neither_early_nor_without_a_reason(
        TransactionType type, string words, string reason)
    {
        var run = Played(type, words, "prepare:; reg0:");
        var due = TransactionRun.Start + run.Submission.Definition.Options.TimeoutToFail;

        Assert.Equal(due, run.State.WakeAt);
        Assert.Same(run.State, run.Due(due - Stories.Millisecond).Next);
        run.Due(due);
        Assert.Equal((TransactionStatus.Aborting, reason), (run.State.Status, run.State.RollbackReason));
        Assert.Null(run.State.WakeAt);
    }

    [Theory]
    [InlineData("submit", TransactionStatus.Submitted, "f0")]
    [InlineData("reg1", TransactionStatus.Aborting, "b1")]
    [InlineData("abort", TransactionStatus.Aborting, "b0")]
    public void A_request_that_beats_an_unnoticed_timeout_counts_and_a_branch_it_adds_gets_its_cancel(
        string request, TransactionStatus status, string called)
    {
        var run = Played(TransactionType.Tcc, "2", "prepare:; reg0:");
        run.Now = TransactionRun.Start.AddSeconds(36);

        var call = Assert.Single(run.Send(run.Event(request)).Calls);

        Assert.Equal((status, called), (run.State.Status, run.Layout.Name(call.Index)));
    }

    [Theory]
    [InlineData("prepare:; abort:", "changed my mind")]
    [InlineData("prepare:; reg0:; abort:", "changed my mind")]
    [InlineData(
        "prepare:; reg0:; abort:; b0-:; stop:",
        "stopped by force, without compensation; before: changed my mind")]
    [InlineData("prepare:; reg0:; stop:", "stopped by force, without compensation")]
    public void The_reason_of_whoever_turned_it_back_is_kept(string story, string reason) =>
        Assert.Equal(reason, Played(TransactionType.Tcc, "1", story).State.RollbackReason);

    [Theory]
    [InlineData(
        TransactionType.Tcc, "prepare:; submit:", "reg0", "no trans with gid: g1 status: prepared found FAILURE")]
    [InlineData(
        TransactionType.Xa, "prepare:; reg0:; abort:", "reg0", "no trans with gid: g1 status: prepared found FAILURE")]
    [InlineData(
        TransactionType.Tcc, "prepare:; reg0:", "reg0!", "branch 01 cancel is registered already, with other content")]
    [InlineData(
        TransactionType.Xa, "prepare:; reg0:", "reg0!", "branch 01 rollback is registered already, with other content")]
    [InlineData(
        TransactionType.Tcc,
        "prepare:; reg0:; submit:",
        "prepare",
        "current status 'submitted', cannot prepare. FAILURE")]
    [InlineData(
        TransactionType.Tcc, "prepare:; reg0:; abort:", "submit", "current status 'aborting', cannot sumbmit. FAILURE")]
    [InlineData(
        TransactionType.Tcc, "prepare:; reg0:; submit:", "abort",
        "trans type: 'tcc' current status 'submitted', cannot abort. FAILURE")]
    [InlineData(
        TransactionType.Xa,
        "prepare:; submit:",
        "abort",
        "trans type: 'xa' current status 'succeed', cannot abort. FAILURE")]
    public void A_refusal_uses_the_words_of_the_reference(
        TransactionType type, string story, string request, string refusal)
    {
        var run = Played(type, "2", story);

        Assert.Equal(refusal, run.Ask(request));
        Assert.Equal(refusal, run.Ask(request));
    }

    [Fact]
    public void A_registration_with_another_url_is_refused_and_adds_none_of_its_branches()
    {
        var run = Played(TransactionType.Tcc, "2", "prepare:; reg0:");
        var known = run.CallsOf(0);
        var mixed = new TransactionEvent.Register(
            TransactionType.Tcc,
            [.. run.CallsOf(1), known[0], known[1] with { Url = "http://other" }],
            BranchStatus.Prepared);
        var before = run.State;

        Assert.Equal(RejectionKind.Conflict, run.Send(mixed).Rejection?.Kind);
        Assert.Same(before, run.State);
    }

    [Fact]
    public void The_same_registration_again_writes_nothing()
    {
        var run = Played(TransactionType.Xa, "1", "prepare:; reg0:");
        var before = run.State;

        Assert.Null(run.Ask("reg0"));
        Assert.Same(before, run.State);
        Assert.Equal(2, before.Branches.Length);
    }

    [Fact]
    public void A_registration_is_stored_and_calls_nobody_and_leaves_the_deadline_alone()
    {
        var run = Played(TransactionType.Tcc, "1", "prepare:; @20:");

        Assert.Empty(run.Send(run.Event("reg0")).Calls);
        Assert.All(
            run.State.Branches,
            static b => Assert.Equal((BranchStatus.Prepared, false, null), (b.Status, b.Started, b.Finished)));
        Assert.Equal(35, run.WakeSecond());
    }

    [Theory]
    [InlineData(TransactionType.Tcc)]
    [InlineData(TransactionType.Xa)]
    public void One_that_could_never_time_out_cannot_be_prepared(TransactionType type)
    {
        var run = new TransactionRun(Layout.Of(type), "1 timeout=0");

        Assert.Equal(
            $"timeout_to_fail: a prepared {Names.Of(type)} needs one, or it would wait for ever", run.Ask("prepare"));
        Assert.False(run.Exists);
    }

    private static TransactionRun Played(TransactionType type, string words, string story)
    {
        var run = new TransactionRun(Layout.Of(type), words);
        run.Play(story);
        return run;
    }
}
