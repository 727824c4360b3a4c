using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// An operator marks a pending call as done, in stories. <see cref="TransactionRun"/> defines their words.
/// </summary>
public sealed class ResolveBranchTests
{
    [Theory]
    [InlineData("2", "submit: submitted a0; a0?:; resolve=a0: a1; a1+: succeed")]
    [InlineData("1", "submit: submitted a0; a0~:; resolve=a0: succeed")]
    [InlineData("2", "submit: submitted a0; a0+: a1; a1-: aborting c1; c1?:; resolve=c1: c0; c0?:; resolve=c0: failed")]
    [InlineData("3 concurrent 2<0,1", "submit: submitted a0 a1; a0?:; a1?:; resolve=a0:; resolve=a1: a2; a2+: succeed")]
    public void The_transaction_goes_on_as_after_a_success(string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story);

    [Theory]
    [InlineData("Msg", "2", "submit: submitted a0; a0-:; resolve=a0: a1; a1+: succeed")]
    [InlineData(
        "Tcc", "2", "prepare: prepared; reg0:; reg1:; submit: submitted f1; f1?:; resolve=f1: f0; f0+: succeed")]
    [InlineData("Xa", "1", "prepare: prepared; reg0:; abort: aborting b0; b0?:; resolve=b0: failed")]
    public void It_is_so_in_every_pattern(string type, string words, string story) =>
        Stories.Follows(Layout.Of(Enum.Parse<TransactionType>(type)), words, story);

    [Theory]
    [InlineData(
        "Msg", "1", "prepare: prepared; @35: q0; q0?:; resolve=q0: refused Conflict; retry=q0: q0; q0+: submitted a0")]
    [InlineData("Workflow", "1", "prepare: prepared; reg0:; @20: w0; w0?:; resolve=w0: refused Conflict; retry=w0: w0")]
    public void A_question_has_no_effect_to_resolve(string type, string words, string story) =>
        Stories.Follows(Layout.Of(Enum.Parse<TransactionType>(type)), words, story);

    [Theory]
    [InlineData("2", "submit: submitted a0; resolve=a0: refused Conflict; resolve=a1: refused Conflict; resolve=c0: "
        + "refused Conflict")]
    [InlineData("2", "submit: submitted a0; a0?:; stop: failed; resolve=a0: refused Conflict")]
    [InlineData(
        "1",
        "submit: submitted a0; a0?:; resolve=a1: refused NotFound; resolve=a0: succeed; resolve=a0: refused Conflict")]
    [InlineData("1", "resolve=a0: refused NotFound; submit: submitted a0")]
    public void Only_a_call_that_waits_for_a_retry_is_resolved(string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story);

    [Fact]
    public void Its_history_says_that_it_was_not_called()
    {
        var run = Stories.Follows(Layout.Saga, "2", "submit: submitted a0; a0?:; resolve=a0: a1");

        var call = run["a0"];
        var last = call.History[^1];
        Assert.Equal(
            ("resolved by hand: booked by hand, ticket 7", OutcomeKind.Succeeded, TimeSpan.Zero),
            (last.Error, last.Outcome, last.Duration));
        Assert.Equal(
            (1, 2, BranchStatus.Succeed, run.Now), (call.Attempts, call.History.Length, call.Status, call.Finished));
    }
}
