using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Why a transaction has not ended. <see cref="TransactionRun"/> defines the words of a story.</summary>
public sealed class WaitingTests
{
    [Theory]
    [InlineData("Saga", "1", "submit: submitted a0", "Answer a0 0")]
    [InlineData("Saga", "1", "submit: submitted a0; a0?:", "Retry a0 0")]
    [InlineData("Saga", "1", "submit: submitted a0; a0~:", "Ongoing a0 0")]
    [InlineData("Saga", "2 concurrent", "submit: submitted a0 a1; a0?:", "Retry a0 0")]
    [InlineData("Saga", "2 concurrent", "submit: submitted a0 a1; a1?:; @3:; a0?:", "Retry a1 1")]
    [InlineData("Saga", "1", "submit: submitted a0; a0-: aborting c0; c0-:", "Retry c0 0")]
    [InlineData("Saga", "1", "submit: submitted a0; crash: a0; a0-: aborting", "Orphan c0 0")]
    [InlineData("Msg", "2 giveup=1 concurrent", "submit: submitted a0 a1; a0?:", "Parked a0 0")]
    [InlineData("Msg", "2 giveup=2 concurrent", "submit: submitted a0 a1; a0?:; due: a0; a0?:; a1?:", "Parked a0 1")]
    [InlineData("Msg", "1 delay=60", "submit: submitted", "Delay - 0")]
    [InlineData("Msg", "1", "prepare: prepared", "Submit - 0")]
    [InlineData("Msg", "1", "prepare: prepared; @35: q0; q0?:", "Retry q0 0")]
    [InlineData("Tcc", "1", "prepare: prepared; reg0:", "Submit - 0")]
    [InlineData("Tcc", "1", "prepare: prepared; reg0:; submit: submitted f0; f0?:", "Retry f0 0")]
    [InlineData("Saga", "1", "submit: submitted a0; a0+: succeed", "")]
    public void The_reason_is_what_an_operator_has_to_know(string type, string words, string story, string expected)
    {
        var layout = Layout.Of(Enum.Parse<TransactionType>(type));
        var run = Stories.Follows(layout, words, story);

        var waiting = Waiting.Of(run.State, run.Now);

        var call = waiting?.Call is { } at ? layout.Name(IndexOf(run.State, at)) : "-";
        Assert.Equal(expected, waiting is null ? "" : $"{waiting.Reason} {call} {waiting.Others}");
    }

    [Fact]
    public void It_lasts_since_the_first_attempt_in_a_row_and_ends_at_the_next()
    {
        var run = Stories.Follows(Layout.Saga, "1 interval=1", "submit: submitted a0; a0?:; due: a0; a0~:; due: a0");
        run.Answer("a0", Outcome.Unknown("lost"));

        var waiting = Waiting.Of(run.State, run.Now)!;

        var first = run["a0"].History[0];
        Assert.Equal(first.At - first.Duration, waiting.Since);
        Assert.Equal(run["a0"].RetryAt, waiting.Until);
        Assert.False(waiting.SinceEarlier);
    }

    [Fact]
    public void When_the_history_does_not_reach_back_to_its_start_it_says_so()
    {
        var run = Stories.Follows(Layout.Saga, "1 interval=1", "submit: submitted a0; a0?:");
        for (var i = 0; i < BranchOp.HistoryMax; i++)
        {
            run.Due();
            run.Answer("a0", Outcome.Unknown("lost"));
        }

        Assert.True(Waiting.Of(run.State, run.Now)!.SinceEarlier);
    }

    [Fact]
    public void Overdue_is_said_first_and_the_call_is_still_named()
    {
        var run = Stories.Follows(Layout.Saga, "1 interval=1", "submit: submitted a0; a0?:");
        var due = run.State.Due!.Value;

        Assert.Equal(WaitReason.Retry, Waiting.Of(run.State, due + Waiting.OverdueAfter)!.Reason);
        var waiting = Waiting.Of(run.State, due + Waiting.OverdueAfter + TimeSpan.FromTicks(1))!;

        Assert.Equal((WaitReason.Silo, due, null), (waiting.Reason, waiting.Since, waiting.Until));
        Assert.Same(run["a0"], waiting.Call);
    }

    private static int IndexOf(Transaction state, BranchOp call) =>
        ReferenceEquals(call, state.Query) ? Transaction.QueryIndex : state.Branches.IndexOf(call);
}
