using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Calls that are put aside after give_up_after, in stories. <see cref="TransactionRun"/> defines their words.
/// </summary>
public sealed class ParkedTests
{
    [Theory]
    [InlineData(
        "Saga", "2 giveup=2",
        "submit: submitted a0; a0+: a1; a1-: aborting c1; c1?:; retry: c1; c1?:; @99999:; retry=c1: c1; c1+: c0; "
            + "c0+: failed")]
    [InlineData("Saga", "1 c0{giveup=1}", "submit: submitted a0; a0-: aborting c0; c0-:; retry: c0; c0+: failed")]
    [InlineData(
        "Saga", "1 giveup=1 c0{giveup=0}", "submit: submitted a0; a0-: aborting c0; c0?:; due: c0; c0+: failed")]
    [InlineData("Msg", "2 giveup=1", "submit: submitted a0; a0?:; @99999:; resolve=a0: a1; a1+: succeed")]
    [InlineData("Msg", "2 giveup=1 concurrent", "submit: submitted a0 a1; a0-:; a1+:; retry=a0: a0; a0+: succeed")]
    [InlineData("Tcc", "1 giveup=1", "prepare: prepared; reg0:; submit: submitted f0; f0?:; retry: f0; f0+: succeed")]
    [InlineData("Tcc", "1 giveup=1", "prepare: prepared; reg0:; abort: aborting b0; b0?:; resolve=b0: failed")]
    [InlineData("Xa", "1 giveup=1", "prepare: prepared; reg0:; abort: aborting b0; b0?:; retry: b0; b0+: failed")]
    [InlineData(
        "Workflow", "1 giveup=1", "prepare: prepared; @20: w0; w0?:; @99999:; retry: w0; w0?:; succeed: succeed")]
    public void A_call_is_put_aside_and_resumed_by_hand(string type, string words, string story) =>
        Stories.Follows(Layout.Of(Enum.Parse<TransactionType>(type)), words, story);

    [Theory]
    [InlineData("Saga", "1 giveup=1", "submit: submitted a0; a0?:; due: a0; a0?:; due: a0")]
    [InlineData("Msg", "1 giveup=1", "prepare: prepared; @35: q0; q0?:; due: q0; q0?:; due: q0")]
    public void A_call_that_can_be_refused_is_never_put_aside(string type, string words, string story) =>
        Stories.Follows(Layout.Of(Enum.Parse<TransactionType>(type)), words, story);

    [Fact]
    public void It_costs_no_timer_and_says_so()
    {
        var run = Stories.Follows(Layout.Msg, "1 giveup=2", "submit: submitted a0; a0?:; due: a0");
        Assert.False(run.State.IsParked);
        run.Answer("a0", Outcome.Unknown("still lost"));
        Assert.True(run.State.IsParked);
        Assert.Equal((true, 2, "still lost"), (run["a0"].Parked, run["a0"].Failures, run["a0"].LastError));
        Assert.Equal((null, null), (run.State.WakeAt, run.State.Due));
        Assert.Empty(run.Due(run.Now.AddDays(30)).Calls);
    }

    [Fact]
    public void A_repeated_submit_does_not_resume_it()
    {
        var run = Stories.Follows(Layout.Msg, "1 giveup=1", "submit: submitted a0; a0?:; @60:; submit:");
        Assert.True(run.State.IsParked);
    }

    [Fact]
    public void Ongoing_is_no_error_but_takes_time()
    {
        Stories.Follows(Layout.Msg, "1 giveup=2", "submit: submitted a0; a0?:; due: a0; a0~:; due: a0; a0?:; due: a0");
        var run = Stories.Follows(Layout.Msg, "1 giveuptime=5", "submit: submitted a0; @6:; a0~:");
        Assert.True(run.State.IsParked);
    }

    [Fact]
    public void A_call_that_was_not_sent_is_not_put_aside()
    {
        var run = Stories.Follows(Layout.Msg, "1 giveup=1 giveuptime=1", "submit: submitted a0; @6:");
        run.Answer("a0", Outcome.NotSent("full"));
        Assert.False(run.State.IsParked);
    }

    [Fact]
    public void The_last_attempt_is_at_the_end_of_the_time()
    {
        var run = new TransactionRun(Layout.Msg, "1 giveuptime=25 interval=10");
        run.Submit();
        run.Answer("a0", Outcome.Unknown("lost"));
        run.Due();
        run.Answer("a0", Outcome.Unknown("lost"));
        run.Due();
        Assert.Equal(TransactionRun.Start + TimeSpan.FromSeconds(25), run.Now);
        run.Answer("a0", Outcome.Unknown("lost"));
        Assert.True(run.State.IsParked);
    }

    [Fact]
    public void A_resumed_call_has_a_fresh_budget()
    {
        var run = Stories.Follows(
            Layout.Msg, "1 giveup=2 giveuptime=100", "submit: submitted a0; a0?:; due: a0; a0?:; @200:; retry: a0");
        Assert.Equal((false, 0), (run["a0"].Parked, run["a0"].Failures));
        Assert.Equal(run.Now + TimeSpan.FromSeconds(100), run["a0"].GiveUpAt);
        run.Answer("a0", Outcome.Unknown("lost"));
        Assert.False(run.State.IsParked);
    }

    [Fact]
    public void A_workflow_that_answers_is_not_put_aside_for_its_age()
    {
        var run = Stories.Follows(
            Layout.Workflow, "1 giveuptime=60", "prepare: prepared; @20: w0; w0+:; @100: w0; w0?:");
        Assert.False(run.State.IsParked);
    }

    [Fact]
    public void A_submit_may_set_it_after_the_prepare() => Stories.Follows(
        Layout.Msg, "1", "prepare: prepared; submit*giveup=1: submitted a0; a0?:; @99999:; resolve=a0: succeed");
}
