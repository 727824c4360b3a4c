using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Complete workflows as stories. Each line is "event: consequences"; <see cref="TransactionRun"/> defines the words.
/// </summary>
public sealed class WorkflowTableTests
{
    [Theory]
    [InlineData("2", "prepare: prepared; reg0:; reg1:; succeed: succeed")]
    [InlineData("2", "prepare: prepared; reg0:; fail: failed")]
    [InlineData("0", "prepare: prepared; succeed: succeed")]
    public void It_ends_as_its_sdk_says(string workflow, string story) => Follows(workflow, story);

    [Theory]
    [InlineData("1", "prepare: prepared; prepare:; reg0:; prepare:; succeed: succeed; prepare:; prepare:")]
    [InlineData("1", "prepare: prepared; fail: failed; prepare:; @3600:")]
    [InlineData("1", "prepare: prepared; stop: failed; prepare:")]
    public void Prepare_creates_it_or_returns_it_in_any_status(string workflow, string story) =>
        Follows(workflow, story);

    [Theory]
    [InlineData(
        "1", "prepare: prepared; succeed: succeed; succeed:; fail: refused Conflict; succeed:; reg0: refused Conflict")]
    [InlineData(
        "1", "prepare: prepared; fail: failed; fail:; succeed: refused Conflict; fail:; reg0: refused Conflict")]
    [InlineData("1", "prepare: prepared; reg0:; succeed: succeed; reg0: refused Conflict")]
    [InlineData("1", "prepare: prepared; submit: refused Invalid; abort: refused "
        + "Conflict; succeed: succeed; submit: refused Invalid")]
    [InlineData("1", "reg0: refused Conflict; succeed: refused NotFound; submit: refused NotFound; prepare: prepared")]
    [InlineData("1", "prepare: prepared; reg0:; reg0:; reg0!: refused Superseded; reg0:; succeed: succeed")]
    public void Requests_in_every_order_have_one_effect_and_one_answer(string workflow, string story) =>
        Follows(workflow, story);

    [Theory]
    [InlineData("1", "prepare: prepared; @9.999:; @10: w0; succeed: succeed; w0+:")]
    [InlineData(
        "2",
        "prepare: prepared; @9:; reg0:; @18.999:; @19: w0; w0+:; @25:; reg1:; @34.999:; @35: w0; fail: failed; w0?:")]
    [InlineData("1 interval=2", "prepare: prepared; @2: w0; w0+:; @3.999:; @4: w0; w0+:; @6: w0; succeed: succeed")]
    [InlineData(
        "1 interval=2",
        "prepare: prepared; @2: w0; w0~:; @3.999:; @4: w0; w0~:; @7.999:; @8: w0; w0~:; succeed: succeed; @3600:")]
    [InlineData("1", "prepare: prepared; @10: w0; w0?:; due: w0; w0-:; due: w0; succeed: succeed")]
    [InlineData("1", "prepare: prepared; @10: w0; @3600:; crash: w0; w0?:; crash:; retry: w0; retry:; w0+:")]
    [InlineData("1", "prepare: prepared; @9:; prepare:; crash:; @10: w0; prepare:")]
    [InlineData("1", "prepare: prepared; @9:; retry: w0; prepare:; crash: w0; w0~:; @18.9:; @19: w0")]
    [InlineData("1 timeout=5", "prepare: prepared; @5:; @10: w0; @3600:; w0?:; due: w0; succeed: succeed")]
    public void After_an_interval_of_silence_it_is_started_again_until_it_ends(string workflow, string story) =>
        Follows(workflow, story);

    [Theory]
    [InlineData("2", "prepare: prepared; @10: w0; w0?:; @11:; reg0:; @20.9:; @21: w0; reg1:; w0+:")]
    [InlineData("2", "prepare: prepared; @10: w0; w0~:; @19:; reg0:; reg0:; @28.9:; @29: w0; succeed: succeed")]
    public void A_waiting_call_is_put_off_by_progress(string workflow, string story) => Follows(workflow, story);

    [Theory]
    [InlineData("1 noask")]
    [InlineData("1 empty=w0")]
    public void Without_a_callback_it_never_wakes_and_stays_prepared_until_its_sdk_ends_it(string workflow)
    {
        var run = Follows(workflow, "prepare: prepared; @3600:; crash:; retry:; reg0:; @7200:; succeed: succeed");
        Assert.Null(run.State.Query);

        run = Follows(workflow, "prepare: prepared; reg0:");
        Assert.Null(run.State.Due);
    }

    [Theory]
    [InlineData(
        "1", "prepare: prepared; stop: failed; stop: refused Conflict; succeed: refused Conflict; fail:; @3600:")]
    [InlineData("1", "prepare: prepared; @10: w0; stop: failed; w0+:; reg0: refused Conflict; @3600:; crash:")]
    public void Force_stop_ends_it_and_starts_nothing(string workflow, string story) => Follows(workflow, story);

    private static TransactionRun Follows(string workflow, string story) =>
        Stories.Follows(Layout.Workflow, workflow, story);
}
