using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// An operator makes one pending call due, in stories. <see cref="TransactionRun"/> defines their words.
/// </summary>
public sealed class RetryBranchTests
{
    [Theory]
    [InlineData("2", "submit: submitted a0; a0?:; retry=a0: a0; a0+: a1; a1+: succeed")]
    [InlineData("2", "submit: submitted a0; a0~:; retry=a0: a0; a0~:; retry=a0: a0; a0+: a1; a1+: succeed")]
    [InlineData("2", "submit: submitted a0; a0+: a1; a1-: aborting c1; c1?:; retry=c1: c1; c1+: c0; c0+: failed")]
    [InlineData(
        "3 concurrent", "submit: submitted a0 a1 a2; a0?:; a1?:; retry=a1: a1; a1+:; a2+:; due: a0; a0+: succeed")]
    [InlineData(
        "3 concurrent 2<0,1",
        "submit: submitted a0 a1; a0?:; a1?:; retry=a0: a0; a0+:; retry=a1: a1; a1+: a2; a2+: succeed")]
    public void Only_the_call_that_is_named_is_made_at_once(string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story);

    [Theory]
    [InlineData(
        "2",
        "submit: submitted a0; retry=a0: refused Conflict; retry=a1: refused Conflict; retry=c0: refused Conflict")]
    [InlineData(
        "2",
        "submit: submitted a0; a0+: a1; a1?:; retry=a0: refused Conflict; retry=c1: refused Conflict; retry=a1: a1")]
    [InlineData("3 concurrent 2<0", "submit: submitted a0 a1; a0?:; retry=a2: refused Conflict; retry=a0: a0; a0+: a2")]
    [InlineData("2", "submit: submitted a0; a0?:; stop: failed; retry=a0: refused Conflict")]
    [InlineData("1", "submit: submitted a0; a0?:; retry=a1: refused NotFound; retry=a0: a0; a0+: succeed; retry=a0: "
        + "refused Conflict")]
    [InlineData("1", "retry=a0: refused NotFound; submit: submitted a0")]
    [InlineData(
        "2 timeout=30 interval=40",
        "submit: submitted a0; a0+: a1; a1?:; @30: aborting c1; retry=a1: refused Conflict; c1+: c0")]
    public void A_call_that_does_not_wait_is_not_made_and_no_order_is_disturbed(string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story);

    [Theory]
    [InlineData("Msg", "1", "prepare: prepared; @35: q0; q0?:; retry=q0: q0; q0+: submitted a0; a0?:; retry=q0: "
        + "refused Conflict; retry=a0: a0")]
    [InlineData(
        "Msg", "2", "submit: submitted a0; a0-:; retry=a1: refused Conflict; retry=a0: a0; a0+: a1; a1+: succeed")]
    [InlineData("Tcc", "2", "prepare: prepared; reg0:; reg1:; submit: submitted f1; f1?:; retry=f0: refused Conflict; "
        + "retry=f1: f1; f1+: f0")]
    [InlineData(
        "Xa",
        "1",
        "prepare: prepared; reg0:; retry=b0: refused Conflict; abort: aborting b0; b0?:; retry=b0: b0; b0+: failed")]
    [InlineData("Workflow", "1", "prepare: prepared; reg0:; retry=w0: refused NotFound; @20: w0; w0?:; retry=w0: w0; "
        + "retry=p0: refused Conflict")]
    public void It_is_so_in_every_pattern(string type, string words, string story) =>
        Stories.Follows(Layout.Of(Enum.Parse<OrleansDtm.Core.TransactionType>(type)), words, story);

    [Fact]
    public void The_count_of_failures_goes_on_and_others_keep_their_waits()
    {
        var run = Stories.Follows(
            Layout.Saga, "2 concurrent interval=10 max=600", "submit: submitted a0 a1; a0?:; due: a0; a0?:; a1?:");
        var other = run.State.Branches[3].RetryAt;

        run.Play("retry=a0:; a0?:");

        Assert.Equal(3, run.State.Branches[1].Failures);
        Assert.InRange(
            run.State.Branches[1].RetryAt!.Value - run.Now, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(48.1));
        Assert.Equal(other, run.State.Branches[3].RetryAt);
    }

    [Theory]
    [InlineData(
        "submit: submitted a0",
        "a0",
        "branch 01 action does not wait for a retry: it is being called just now. FAILURE")]
    [InlineData(
        "submit: submitted a0", "a1", "branch 02 action does not wait for a retry: it is not its turn. FAILURE")]
    [InlineData(
        "submit: submitted a0; a0+: a1", "a0", "branch 01 action does not wait for a retry: it is succeed. FAILURE")]
    [InlineData(
        "submit: submitted a0; a0?:; stop: failed",
        "a0",
        "branch 01 action does not wait for a retry: the transaction is failed. FAILURE")]
    [InlineData("submit: submitted a0", "a7", "gid g1 has no branch 08 action")]
    public void A_refusal_says_why(string story, string call, string message)
    {
        var run = Stories.Follows(Layout.Saga, "2", story);

        Assert.Equal(message, run.Ask("retry=" + call));
    }
}
