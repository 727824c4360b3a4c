using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Complete tcc and xa transactions as stories. Each line is "event: consequences"; <see cref="TransactionRun"/>
/// defines the words. A story of at most one branch is the same for both, and runs as tcc and as xa.
/// </summary>
public sealed class TwoPhaseTableTests
{
    [Theory]
    [InlineData("prepare: prepared; reg0:; reg1:; reg2:; submit: submitted f2; f2+: f1; f1+: f0; f0+: succeed")]
    [InlineData("prepare: prepared; reg0:; reg1:; abort: aborting b1; b1+: b0; b0+: failed")]
    [InlineData("prepare: prepared; reg0:; reg1:; reg2:; @34.9:; @35: aborting b2; b2+: b1; b1+: b0; b0+: failed")]
    [InlineData(
        "prepare: prepared; reg0:; reg1:; submit: submitted f1; f1?:; due: f1; f1-:; due: "
        + "f1; f1~:; due: f1; f1+: f0; f0+: succeed")]
    [InlineData("prepare: prepared; reg1:; reg0:; submit: submitted f1; f1+: f0; f0+: succeed")]
    public void Tcc_goes_through_its_branches_one_by_one_against_the_order_of_registration(string story) =>
        Stories.Follows(Layout.Tcc, "3", story);

    [Theory]
    [InlineData("prepare: prepared; reg0:; reg1:; reg2:; submit: submitted f0; f0+: f1; f1+: f2; f2+: succeed")]
    [InlineData("prepare: prepared; reg0:; reg1:; abort: aborting b0; b0+: b1; b1+: failed")]
    [InlineData("prepare: prepared; reg0:; reg1:; reg2:; @34.9:; @35: aborting b0; b0+: b1; b1+: b2; b2+: failed")]
    [InlineData("prepare: prepared; reg0:; reg1:; abort: aborting b0; b0?:; due: b0; b0-:; due: b0; b0~:; due: b0; "
        + "b0+: b1; b1+: failed")]
    public void Xa_goes_through_its_branches_one_by_one_in_the_order_of_registration(string story) =>
        Stories.Follows(Layout.Xa, "3", story);

    [Theory]
    [InlineData("1", "prepare: prepared; reg0:; submit: submitted f0; f0-:; due: f0; f0-:; due: f0; f0+: succeed")]
    [InlineData("1 limit=1", "prepare: prepared; reg0:; abort: aborting b0; b0-:; due: b0; b0-:; due: b0; b0+: failed")]
    [InlineData("1", "prepare: prepared; reg0:; submit: submitted f0; f0?:; @3600: f0; f0+: succeed")]
    public void The_second_phase_is_retried_until_it_succeeds_even_if_it_answers_failure(string words, string story) =>
        BothFollow(words, story);

    [Theory]
    [InlineData("1", "prepare: prepared; reg0:; prepare:; submit: submitted f0; submit:; prepare: refused Conflict; "
        + "submit:; f0+: succeed")]
    [InlineData(
        "1",
        "prepare: prepared; reg0:; abort: aborting b0; abort:; prepare: refused Conflict; b0+: failed; abort:; "
        + "prepare: refused Conflict")]
    [InlineData(
        "1",
        "prepare: prepared; reg0:; abort: aborting b0; submit: refused Conflict; b0+: failed; submit: refused "
        + "Conflict; abort:")]
    [InlineData("1", "prepare: prepared; reg0:; submit: submitted f0; abort: refused Conflict; f0+: succeed; abort: "
        + "refused Conflict")]
    [InlineData(
        "1", "prepare: prepared; reg0:; submit: submitted f0; f0?:; abort: refused Conflict; submit: f0; f0+: succeed")]
    [InlineData(
        "1", "prepare: prepared; reg0:; @35: aborting b0; submit: refused Conflict; abort:; b0+: failed; abort:")]
    [InlineData("1", "submit: refused NotFound; abort: refused NotFound; reg0: refused Conflict; prepare: prepared")]
    public void Requests_in_every_order_have_one_effect_and_one_answer(string words, string story) =>
        BothFollow(words, story);

    [Theory]
    [InlineData("1", "prepare: prepared; reg0:; reg0:; reg0!: refused Conflict; submit: submitted f0; f0+: succeed")]
    [InlineData(
        "1",
        "prepare: prepared; reg0:; submit: submitted f0; reg0: refused Conflict; reg1: refused Conflict; f0+: succeed")]
    [InlineData("1", "prepare: prepared; submit: succeed; reg0: refused Conflict")]
    [InlineData("1", "prepare: prepared; abort: failed; reg0: refused Conflict; @3600:")]
    [InlineData("1", "prepare: prepared; @35: failed; reg0: refused Conflict")]
    [InlineData("1", "prepare: prepared; reg0:; stop: failed; reg0: refused Conflict; reg1: refused Conflict")]
    public void A_branch_is_registered_once_before_the_decision_or_refused(string words, string story) =>
        BothFollow(words, story);

    [Theory]
    [InlineData("0", "prepare: prepared; submit: succeed; submit: refused Conflict")]
    [InlineData("0", "prepare: prepared; abort: failed; abort:")]
    [InlineData("0", "prepare: prepared; @34:; @35: failed")]
    [InlineData("1 empty=f0", "prepare: prepared; reg0:; submit: succeed")]
    [InlineData("1 empty=f0", "prepare: prepared; reg0:; abort: aborting b0; b0+: failed")]
    [InlineData("1 empty=b0", "prepare: prepared; reg0:; abort: failed")]
    [InlineData("1 empty=b0", "prepare: prepared; reg0:; submit: submitted f0; f0+: succeed")]
    public void No_branches_or_no_url_is_done_at_once(string words, string story) => BothFollow(words, story);

    [Theory]
    [InlineData("prepare: prepared; reg0:; reg1:; reg2:; submit: submitted f2; f2+: f0; f0+: succeed")]
    [InlineData("prepare: prepared; reg0:; reg1:; reg2:; abort: aborting b1; b1+: b0; b0+: failed")]
    public void A_branch_without_a_url_does_not_hold_up_the_next(string story) =>
        Stories.Follows(Layout.Tcc, "3 empty=f1,b2", story);

    [Theory]
    [InlineData(
        "1",
        "prepare: prepared; reg0:; crash:; submit: submitted f0; crash: f0; f0?:; crash:; "
        + "retry: f0; retry:; f0+: succeed; crash:")]
    [InlineData(
        "1",
        "prepare: prepared; reg0:; retry:; abort: aborting b0; crash: b0; b0~:; retry: b0; b0+: failed; retry: "
        + "refused Conflict")]
    public void A_crash_repeats_only_the_call_it_cut_off_and_retry_now_doubles_none(string words, string story) =>
        BothFollow(words, story);

    [Theory]
    [InlineData(
        "1",
        "prepare: prepared; reg0:; stop: failed; @3600:; submit: refused Conflict; abort:; stop: refused Conflict")]
    [InlineData("1", "prepare: prepared; reg0:; submit: submitted f0; stop: failed; f0+:; @3600:; crash:")]
    [InlineData(
        "1", "prepare: prepared; reg0:; abort: aborting b0; stop: failed; b0?:; @3600:; retry: refused Conflict")]
    public void Force_stop_ends_it_and_calls_nobody(string words, string story) => BothFollow(words, story);

    private static void BothFollow(string words, string story)
    {
        Stories.Follows(Layout.Tcc, words, story);
        Stories.Follows(Layout.Xa, words, story);
    }
}
