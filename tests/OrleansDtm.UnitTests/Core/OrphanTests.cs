using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>
/// A call of a dead process may still reach its service. <see cref="TransactionRun"/> defines the words of a story. The
/// lease of a call is 7 s here: 3 s request_timeout plus a margin of 4 s.
/// </summary>
public sealed class OrphanTests
{
    [Theory]
    [InlineData("1", "submit: submitted a0; crash: a0; a0-: aborting; @6.9:; @7: c0; c0+: failed")]
    [InlineData("2", "submit: submitted a0; a0+: a1; crash: a1; a1-: aborting; @7: c1; c1+: c0; c0+: failed")]
    [InlineData("2", "submit: submitted a0; crash: a0; a0+: a1; a1-: aborting c1; c1+:; @7: c0; c0+: failed")]
    [InlineData("1 timeout=2", "submit: submitted a0; @1:; crash: a0; a0?:; @2: aborting; @7: c0; c0+: failed")]
    public void A_compensation_waits_until_the_lost_call_of_its_action_cannot_arrive_any_more(
        string saga, string story) =>
        Stories.Follows(Layout.Saga, saga, story);

    [Theory]
    [InlineData("1", "submit: submitted a0; crash: a0; a0-: aborting; retry:; retry=c0: refused Conflict; resolve=c0: "
        + "refused Conflict; @7: c0")]
    [InlineData(
        "1", "submit: submitted a0; crash: a0; a0-: aborting; crash:; @7: c0; c0?:; crash:; retry: c0; c0+: failed")]
    public void No_request_cuts_that_wait_short(string saga, string story) => Stories.Follows(Layout.Saga, saga, story);

    [Fact]
    public void An_action_is_called_again_at_once() =>
        Stories.Follows(Layout.Saga, "1", "submit: submitted a0; crash: a0; a0+: succeed");
}
