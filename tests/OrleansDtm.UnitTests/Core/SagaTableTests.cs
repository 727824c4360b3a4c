using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// Complete sagas as stories. Each line is "event: consequences"; <see cref="SagaRun"/> defines the words.
/// </summary>
public sealed class SagaTableTests
{
    [Theory]
    [InlineData("1", "submit: submitted a0; a0+: succeed")]
    [InlineData("3", "submit: submitted a0; a0+: a1; a1+: a2; a2+: succeed")]
    [InlineData("2", "submit: submitted a0; a0~:; due: a0; a0?:; due: a0; a0+: a1; a1+: succeed")]
    public void Sequential_steps_run_one_after_the_other(string saga, string story) => Follows(saga, story);

    [Theory]
    [InlineData("3 concurrent", "submit: submitted a0 a1 a2; a1+:; a2+:; a0+: succeed")]
    [InlineData("3 concurrent", "submit: submitted a0 a1 a2; a1?:; a2+:; a0+:; due: a1; a1+: succeed")]
    [InlineData("4 concurrent 2<0,1 3<2", "submit: submitted a0 a1; a1+:; a0+: a2; a2+: a3; a3+: succeed")]
    [InlineData("3 concurrent 0<2 1<0", "submit: submitted a2; a2+: a0; a0+: a1; a1+: succeed")]
    [InlineData("3 concurrent 2<0", "submit: submitted a0 a1; a0+: a2; a2+:; a1+: succeed")]
    public void Concurrent_actions_start_together_as_far_as_the_orders_allow(string saga, string story) =>
        Follows(saga, story);

    [Theory]
    [InlineData("1", "submit: submitted a0; a0-: aborting c0; c0+: failed")]
    [InlineData("3", "submit: submitted a0; a0-: aborting c0; c0+: failed")]
    [InlineData("3", "submit: submitted a0; a0+: a1; a1-: aborting c1; c1+: c0; c0+: failed")]
    [InlineData("3", "submit: submitted a0; a0+: a1; a1+: a2; a2-: aborting c2; c2+: c1; c1+: c0; c0+: failed")]
    public void A_failed_step_and_all_before_it_are_compensated_backwards_and_none_after_it(
        string saga, string story) =>
        Follows(saga, story);

    [Theory]
    [InlineData(
        "3 concurrent", "submit: submitted a0 a1 a2; a0+:; a2+:; a1-: aborting c2 c1 c0; c0+:; c1+:; c2+: failed")]
    [InlineData(
        "4 concurrent 2<0,1 3<2",
        "submit: submitted a0 a1; a0+:; a1+: a2; a2+: a3; a3-: aborting c3; c3+: c2; c2+: c1 c0; c0+:; c1+: failed")]
    [InlineData("4 concurrent 2<0,1 3<2", "submit: submitted a0 a1; a0+:; a1-: aborting c1 c0; c1+:; c0+: failed")]
    [InlineData(
        "3 concurrent 0<2 1<0",
        "submit: submitted a2; a2+: a0; a0+: a1; a1-: aborting c1; c1+: c0; c0+: c2; c2+: failed")]
    [InlineData(
        "3 concurrent 2<0", "submit: submitted a0 a1; a0+: a2; a2+:; a1-: aborting c2 c1; c2+: c0; c0+:; c1+: failed")]
    public void Compensation_runs_against_the_orders(string saga, string story) => Follows(saga, story);

    [Theory]
    [InlineData("2", "submit: submitted a0; a0+: a1; a1-: aborting c1; c1?:; due: c1; c1-:; due: c1; c1~:; due: c1; "
        + "c1+: c0; c0+: failed")]
    [InlineData(
        "1 limit=1",
        "submit: submitted a0; a0-: aborting c0; c0?:; due: c0; c0?:; due: c0; c0-:; due: c0; c0+: failed")]
    [InlineData("1 timeout=30", "submit: submitted a0; a0-: aborting c0; c0?:; @100: c0; c0+: failed")]
    public void A_compensation_is_retried_until_it_succeeds_even_if_it_answers_failure(string saga, string story) =>
        Follows(saga, story);

    [Theory]
    [InlineData("2 timeout=30 interval=40", "submit: submitted a0; a0?:; @30: aborting c0; c0+: failed")]
    [InlineData("2 timeout=30 interval=40", "submit: submitted a0; a0~:; @30: aborting c0; c0+: failed")]
    [InlineData(
        "2 timeout=30 interval=40", "submit: submitted a0; a0+: a1; a1?:; @30: aborting c1; c1+: c0; c0+: failed")]
    [InlineData("2 timeout=30", "submit: submitted a0; @29:; @31: aborting; a0?: c0; c0+: failed")]
    [InlineData("1 timeout=30", "submit: submitted a0; a0?:; @30: aborting c0; c0+: failed")]
    public void A_timeout_compensates_what_may_have_run(string saga, string story) => Follows(saga, story);

    [Theory]
    [InlineData("2 timeout=30", "submit: submitted a0; @20:; a0+: a1; @30: aborting; a1+: c1; c1+: c0; c0+: failed")]
    [InlineData("2 timeout=30", "submit: submitted a0; a0+: a1; @30: aborting; a1-: c1; c1+: c0; c0+: failed")]
    [InlineData("2 timeout=30", "submit: submitted a0; a0+: a1; @30: aborting; a1~: c1; c1+: c0; c0+: failed")]
    [InlineData("2 timeout=30", "submit: submitted a0; a0+: a1; @30: aborting; crash: c1; c1+: c0; c0+: failed")]
    [InlineData(
        "3 concurrent", "submit: submitted a0 a1 a2; a1-: aborting c1; c1+:; a2?: c2; a0-: c0; c0+:; c2+: failed")]
    [InlineData("2 concurrent 1<0", "submit: submitted a0; a0+: a1; stop: failed; a1+:")]
    [InlineData(
        "3 concurrent 2<0", "submit: submitted a0 a1; a0+: a2; a1-: aborting c1; c1+:; a2+: c2; c2+: c0; c0+: failed")]
    public void A_compensation_waits_until_the_call_of_its_action_has_ended(string saga, string story) =>
        Follows(saga, story);

    [Theory]
    [InlineData("3 empty=a0,a1,a2", "submit: succeed")]
    [InlineData("3 empty=a0,a1,a2,c0,c1,c2 concurrent", "submit: succeed")]
    [InlineData("0", "submit: succeed")]
    [InlineData("3 empty=a1", "submit: submitted a0; a0+: a2; a2+: succeed")]
    [InlineData("3 empty=a0,a2", "submit: submitted a1; a1+: succeed")]
    [InlineData("3 concurrent 0<1 1<2 empty=a1,a2", "submit: submitted a0; a0+: succeed")]
    [InlineData("2 empty=c0,c1", "submit: submitted a0; a0+: a1; a1-: failed")]
    [InlineData("3 empty=c1", "submit: submitted a0; a0+: a1; a1+: a2; a2-: aborting c2; c2+: c0; c0+: failed")]
    [InlineData("2 empty=a0", "submit: submitted a1; a1-: aborting c1; c1+: c0; c0+: failed")]
    [InlineData(
        "3 concurrent 1<0 2<1 empty=c1,c2", "submit: submitted a0; a0+: a1; a1+: a2; a2-: aborting c0; c0+: failed")]
    public void A_call_without_a_url_is_done_at_once(string saga, string story) => Follows(saga, story);

    [Theory]
    [InlineData("2", "submit: submitted a0; crash: a0; a0+: a1; crash: a1; crash: a1; a1+: succeed")]
    [InlineData("2", "submit: submitted a0; a0-: aborting c0; crash: c0; c0+: failed; crash:")]
    [InlineData("2 concurrent", "submit: submitted a0 a1; a0+:; crash: a1; a1+: succeed")]
    [InlineData("2", "submit: submitted a0; a0?:; crash:; due: a0; a0+: a1; a1+: succeed")]
    [InlineData("2 timeout=30", "submit: submitted a0; @29:; submit:; @30: aborting; crash: c0; c0+: failed")]
    public void A_crash_repeats_only_the_calls_it_cut_off(string saga, string story) => Follows(saga, story);

    [Theory]
    [InlineData("2", "submit: submitted a0; a0?:; retry: a0; a0~:; retry: a0; retry:; a0+: a1; a1+: succeed")]
    [InlineData(
        "2", "submit: submitted a0; a0-: aborting c0; c0?:; retry: c0; retry:; c0+: failed; retry: refused Conflict")]
    [InlineData("2 concurrent", "submit: submitted a0 a1; a0?:; a1?:; retry: a0 a1; a0+:; a1+: succeed")]
    public void Retry_now_makes_the_waiting_calls_and_doubles_none(string saga, string story) => Follows(saga, story);

    [Theory]
    [InlineData("2", "submit: submitted a0; stop: failed; a0+:; a0-:; a0?:; @3600:; crash:; stop: refused Conflict")]
    [InlineData(
        "2",
        "submit: submitted a0; a0-: aborting c0; stop: failed; c0+:; c0?:; @3600:; crash:; stop: refused Conflict")]
    [InlineData("2 concurrent", "submit: submitted a0 a1; a0?:; stop: failed; a1+:; @3600:; retry: refused Conflict")]
    [InlineData("1", "submit: submitted a0; a0+: succeed; stop: refused Conflict; a0-:; @3600:")]
    public void Force_stop_ends_it_without_compensation_and_late_answers_change_nothing(string saga, string story) =>
        Follows(saga, story);

    private static void Follows(string saga, string story) => Assert.Equal(story, new SagaRun(saga).Play(story));
}
