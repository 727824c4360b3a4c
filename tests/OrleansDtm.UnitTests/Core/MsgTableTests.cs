using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Complete messages as stories. Each line is "event: consequences"; <see cref="TransactionRun"/> defines the words.
/// </summary>
public sealed class MsgTableTests
{
    [Theory]
    [InlineData("1", "submit: submitted a0; a0+: succeed")]
    [InlineData("1 noask", "submit: submitted a0; a0+: succeed")]
    [InlineData("1 timeout=0", "submit: submitted a0; a0+: succeed")]
    [InlineData("2", "prepare: prepared; submit: submitted a0; a0+: a1; a1+: succeed")]
    [InlineData("3", "submit: submitted a0; a0?:; due: a0; a0+: a1; a1~:; due: a1; a1+: a2; a2+: succeed")]
    public void Sequential_actions_are_sent_one_after_the_other(string msg, string story) => Follows(msg, story);

    [Theory]
    [InlineData("3 concurrent", "submit: submitted a0 a1 a2; a1+:; a0+:; a2+: succeed")]
    [InlineData(
        "3 concurrent",
        "prepare: prepared; submit: submitted a0 a1 a2; a1?:; a0+:; a2~:; due: a2; a2+:; due: a1; a1+: succeed")]
    public void Concurrent_actions_are_sent_together(string msg, string story) => Follows(msg, story);

    [Theory]
    [InlineData("2", "submit: submitted a0; a0-:; due: a0; a0-:; due: a0; a0+: a1; a1-:; due: a1; a1+: succeed")]
    [InlineData(
        "2 concurrent limit=1",
        "submit: submitted a0 a1; a0-:; a1+:; due: a0; a0-:; due: a0; a0?:; due: a0; a0+: succeed")]
    [InlineData("1 timeout=30", "submit: submitted a0; a0-:; @300: a0; a0+: succeed")]
    public void Failure_from_an_action_is_retried_and_never_fails_the_message(string msg, string story) =>
        Follows(msg, story);

    [Theory]
    [InlineData(
        "1",
        "prepare: prepared; prepare:; submit: submitted a0; submit:; prepare: refused Conflict; abort: refused "
        + "Conflict; submit:")]
    [InlineData(
        "1",
        "submit: submitted a0; submit:; prepare: refused Conflict; abort: refused Conflict; a0+: succeed; abort: "
        + "refused Conflict")]
    [InlineData("1", "prepare: prepared; abort: failed; abort:; submit: refused Conflict; "
        + "prepare: refused Conflict; abort:; @3600:")]
    [InlineData(
        "1",
        "submit: submitted a0; a0+: succeed; submit: refused Conflict; prepare: refused Conflict; a0+:; a0-:; @3600:")]
    [InlineData("1", "abort: refused NotFound; prepare: prepared")]
    public void Requests_in_every_order_have_one_effect_and_one_answer(string msg, string story) => Follows(msg, story);

    [Theory]
    [InlineData("1", "prepare: prepared; @34.999:; @35: q0; q0+: submitted a0; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @35: q0; q0-: failed; @3600:; submit: refused Conflict; abort:")]
    [InlineData(
        "1 timeout=5 interval=1",
        "prepare: prepared; @5: q0; q0~:; @5.9:; @6: q0; q0~:; @7.9:; @8: q0; q0+: submitted a0")]
    [InlineData("1 timeout=5 interval=1", "prepare: prepared; @5: q0; q0?:; due: q0; q0?:; due: q0; q0-: failed")]
    [InlineData("1", "prepare: prepared; @35: q0; crash: q0; q0?:; crash:; retry: q0; q0+: submitted a0; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @34:; prepare:; crash:; @35: q0; prepare:; retry:; q0-: failed")]
    [InlineData("1", "prepare: prepared; @1:; retry: q0; retry:; q0?:; retry: q0; q0+: submitted a0; a0+: succeed")]
    [InlineData(
        "1 limit=1", "prepare: prepared; @35: q0; q0?:; due: q0; q0?:; due: q0; q0?:; due: q0; q0+: submitted a0")]
    public void A_prepared_message_that_grows_old_is_asked_about_until_it_is_known(string msg, string story) =>
        Follows(msg, story);

    [Theory]
    [InlineData("2", "prepare: prepared; @35: q0; submit: submitted a0; q0-:; a0+: a1; a1+: succeed")]
    [InlineData("2", "prepare: prepared; @35: q0; submit: submitted a0; a0+: a1; q0?:; @3600:; a1+: succeed")]
    [InlineData("1", "prepare: prepared; @35: q0; submit: submitted a0; q0~:; @3600:; crash: a0; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @35: q0; submit: submitted a0; a0+: succeed; q0-:; q0+:")]
    [InlineData("1", "prepare: prepared; @35: q0; submit: submitted a0; q0+:; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @35: q0; submit: submitted a0; crash: a0; q0-:; retry:; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @35: q0; abort: failed; q0+:; q0-:; q0?:; @3600:; submit: refused Conflict")]
    [InlineData("1", "prepare: prepared; @35: q0; q0?:; submit: submitted a0; @3600:; retry:; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @35: q0; q0?:; abort: failed; @3600:; retry: refused Conflict")]
    public void The_submitters_word_beats_a_question_under_way(string msg, string story) => Follows(msg, story);

    [Theory]
    [InlineData("2 delay=5", "submit: submitted; @4.999:; retry:; submit:; crash:; @5: a0; a0+: a1; a1+: succeed")]
    [InlineData("2 delay=5 concurrent", "submit: submitted; @4.999:; @5: a0 a1; a0+:; a1+: succeed")]
    [InlineData(
        "1 delay=60", "prepare: prepared; @20:; submit: submitted; @79:; retry:; submit:; @80: a0; a0+: succeed")]
    [InlineData("1", "prepare: prepared; @20:; submit*delay=5: submitted; @24:; crash:; @25: a0; a0+: succeed")]
    [InlineData("1 delay=60", "prepare: prepared; @35: q0; q0+: submitted; @59:; retry:; @60: a0; a0+: succeed")]
    [InlineData("1 delay=5", "prepare: prepared; @20:; submit: submitted; @25: a0; a0+: succeed")]
    [InlineData("2 delay=5", "submit: submitted; @5: a0; a0?:; retry: a0; a0+: a1; crash: a1; a1+: succeed")]
    [InlineData("1 delay=5 empty=a0", "submit: submitted; @4:; @5: succeed")]
    [InlineData("0 delay=5", "submit: submitted; @5: succeed")]
    [InlineData("1 delay=5", "submit: submitted; stop: failed; @5:")]
    public void A_delayed_message_is_not_sent_before_its_time(string msg, string story) => Follows(msg, story);

    [Theory]
    [InlineData("0", "submit: succeed")]
    [InlineData("2 empty=a0,a1", "submit: succeed")]
    [InlineData("2 empty=a0,a1", "prepare: prepared; submit: succeed; submit: refused Conflict")]
    [InlineData("3 empty=a1", "submit: submitted a0; a0+: a2; a2+: succeed")]
    [InlineData("3 empty=a0,a2 concurrent", "submit: submitted a1; a1+: succeed")]
    public void A_call_without_a_url_is_done_at_once(string msg, string story) => Follows(msg, story);

    [Theory]
    [InlineData(
        "1", "prepare: prepared; stop: failed; submit: refused Conflict; stop: refused Conflict; abort:; @3600:")]
    [InlineData("1", "prepare: prepared; @35: q0; stop: failed; q0+:; @3600:; crash:")]
    [InlineData("2", "submit: submitted a0; stop: failed; a0+:; a0?:; @3600:; crash:; stop: refused Conflict")]
    [InlineData("1", "submit: submitted a0; a0+: succeed; stop: refused Conflict; retry: refused Conflict")]
    public void Force_stop_ends_it_and_late_answers_change_nothing(string msg, string story) => Follows(msg, story);

    private static void Follows(string msg, string story) => Stories.Follows(Layout.Msg, msg, story);
}
