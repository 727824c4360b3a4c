using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;
using Xunit;

namespace OrleansDtm.Faults.Tests;

/// <summary>Each checker finds the violation in a manipulated history, and none in a correct one.</summary>
public sealed class CheckerTests
{
    private static readonly TransactionPlan Tcc = Tale.Plan("tcc");
    private static readonly TransactionPlan Msg = Tale.Plan("msg", steps: 1);

    [Fact]
    public void What_is_right_is_left_alone()
    {
        Assert.Empty(Tale.Saga().Judge());
        Assert.Empty(Confirmed().Judge("01", "02"));
        Assert.Empty(new Tale(Tale.Plan("saga")).Row("submitted").Say("submit", 409, "no", wait: true)
            .Calls("a0").Call("a1", Answer.Failure).Calls("c1", "c0").Row("failed").Judge());
        Assert.Empty(new Tale(Msg)
            .Row("prepared")
            .Say("prepare")
            .Work("commits")
            .Say("submit")
            .Calls("a0")
            .Row("succeed")
            .Left(1)
            .Judge());
    }

    [Fact]
    public void What_never_ends() => Finds("01", Tale.Saga().Row("submitted", version: 9));

    [Fact]
    public void A_row_that_was_accepted_and_is_gone() =>
        Finds("12", new Tale(Tale.Plan("saga")).Say("submit").Calls("a0", "a1"));

    [Fact]
    public void An_end_that_changes() => Finds("02", Tale.Saga().Row("failed"));

    [Fact]
    public void Confirm_and_cancel() => Finds("03", Confirmed().Calls("b1"), "01", "02");

    [Fact]
    public void An_action_after_its_compensation() => Finds("03", Failed().Calls("a1"));

    [Fact]
    public void A_compensation_that_overtakes_an_action_of_a_dead_process()
    {
        Finds("21", Orphaned(killed: true, seconds: 0));
        foreach (var tale in (Tale[])[Orphaned(killed: true, seconds: 2), Orphaned(killed: false, seconds: 0)])
        {
            Assert.DoesNotContain(tale.Judge(), static v => v.Check.StartsWith("21", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Not_when_its_process_was_just_woken()
    {
        var late = Failed().Machine(new SiloNews("A", "goes on")).Calls("a1").Judge();
        Assert.DoesNotContain(late, static v => v.Check.StartsWith("03", StringComparison.Ordinal));
    }

    [Fact]
    public void A_saga_that_succeeds_with_a_step_not_done() =>
        Finds("04", new Tale(Tale.Plan("saga")).Row("submitted").Say("submit").Calls("a0").Row("succeed").Left(1, 1));

    [Fact]
    public void A_saga_that_fails_with_a_step_not_undone() =>
        Finds("04", new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .Calls("a0")
            .Call("a1", Answer.Failure)
            .Calls("c1")
            .Row("failed"));

    [Fact]
    public void A_compensation_of_what_had_not_its_turn() =>
        Finds("04", new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .Call("a0", Answer.Failure)
            .Calls("c1", "c0")
            .Row("failed"));

    [Fact]
    public void A_step_before_the_one_before_it() =>
        Finds(
            "05",
            new Tale(Tale.Plan("saga")).Row("submitted").Say("submit").Calls("a1", "a0").Row("succeed").Left(1, 1));

    [Fact]
    public void Compensations_in_the_order_of_actions() =>
        Finds("05", new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .Calls("a0")
            .Call("a1", Answer.Failure)
            .Calls("c0", "c1")
            .Row("failed"));

    [Fact]
    public void Steps_that_keep_no_given_order()
    {
        var ordered = Tale.Plan("saga", steps: 3) with
        {
            Concurrent = true,
            Orders = new Dictionary<int, int[]> { [2] = [0] },
        };
        Finds(
            "05",
            new Tale(ordered).Row("submitted").Say("submit").Calls("a1", "a2", "a0").Row("succeed").Left(1, 1, 1));
        Assert.Empty(new Tale(ordered)
            .Row("submitted")
            .Say("submit")
            .Calls("a1", "a0", "a2")
            .Row("succeed")
            .Left(1, 1, 1)
            .Judge());
    }

    [Fact]
    public void A_branch_that_is_lost() => Finds("06", Confirmed(), "01");

    [Fact]
    public void A_branch_that_is_not_called() =>
        Finds("06", new Tale(Tcc)
            .Row("prepared")
            .Say("prepare")
            .Say("reg0")
            .Say("reg1")
            .Say("submit")
            .Calls("f1")
            .Row("succeed")
            .Left(1, 1), "01", "02");

    [Fact]
    public void A_branch_that_comes_after_the_decision() =>
        Finds("06", Confirmed().Say("late2").Calls("f2"), "01", "02", "03");

    [Fact]
    public void An_effect_that_is_left() => Finds("07", Failed().Left(1));

    [Fact]
    public void An_effect_that_is_there_twice() => Finds("07", Tale.Saga().Left(2));

    [Fact]
    public void A_message_nobody_meant() =>
        Finds(
            "08",
            new Tale(Msg).Row("prepared").Say("prepare").Call("q", Answer.Success).Calls("a0").Row("succeed").Left(1));

    [Fact]
    public void A_message_that_was_meant_and_is_not_sent() =>
        Finds(
            "08", new Tale(Msg).Row("prepared").Say("prepare").Work("commits").Call("q", Answer.Failure).Row("failed"));

    [Fact]
    public void A_success_that_is_none() => Finds("09", Failed().Say("submit", 200, wait: true));

    [Fact]
    public void A_failure_that_is_none() => Finds("09", Tale.Saga().Say("submit", 409, "no money", wait: true));

    [Fact]
    public void A_refusal_without_a_reason() =>
        Finds("10", new Tale(Tcc).Row("prepared").Say("prepare").Say("prepare", 409, "no").Say("abort").Row("failed"));

    [Fact]
    public void A_branch_that_is_there_twice() => Finds("10", Confirmed(), "01", "02", "02");

    [Fact]
    public void A_row_that_goes_back() => Finds("11", Tale.Saga().Row("succeed", version: 1));

    [Fact]
    public void Two_silos_with_one_call() =>
        Finds("11", new Tale(Tale.Plan("saga", steps: 1))
            .Row("submitted")
            .Say("submit")
            .Hanging("a0", "A")
            .Hanging("a0", "B")
            .Calls("a0")
            .Row("succeed")
            .Left(1));

    [Fact]
    public void A_delay_that_is_cut_short() =>
        Finds("13 never early", new Tale(Msg with { Delay = 5 })
            .Row("prepared")
            .Say("prepare")
            .Work("commits")
            .Say("submit")
            .Calls("a0")
            .Row("succeed")
            .Left(1));

    [Fact]
    public void A_question_too_early() =>
        Finds("13 never early", new Tale(Msg)
            .Row("prepared")
            .Say("prepare")
            .Work("commits")
            .Call("q", Answer.Success)
            .Calls("a0")
            .Row("succeed")
            .Left(1));

    [Fact]
    public void A_retry_too_early() =>
        Finds("13 never early", new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .Call("a0", Answer.Error)
            .Calls("a0", "a1")
            .Row("succeed")
            .Left(1, 1));

    [Fact]
    public void A_call_that_a_request_asked_for_is_not_early()
    {
        var saga = new Tale(Tale.Plan("saga")).Row("submitted").Say("submit").Call("a0", Answer.Error);
        Assert.Empty(saga.Say("submit").Calls("a0", "a1").Row("succeed").Left(1, 1).Judge());
        Assert.Empty(new Tale(Msg).Row("prepared").Say("prepare").Work("commits").Say("retry").Call("q", Answer.Success)
            .Calls("a0").Row("succeed").Left(1).Judge());
    }

    [Fact]
    public void A_retry_too_early_after_a_request_for_an_earlier_one() =>
        Finds(
            "13 never early",
            new Tale(Tale.Plan("saga")).Row("submitted").Say("submit").Call("a0", Answer.Error).Say("submit")
                .Call("a0", Answer.Error).Calls("a0", "a1").Row("succeed").Left(1, 1));

    [Fact]
    public void A_retry_too_late() =>
        Finds(
            "13 never late",
            new Tale(Tale.Plan("saga")).Row("submitted").Say("submit").Calls("a0").Call("a1", Answer.Failure)
                .Call("c1", Answer.Error).After(60).Calls("c1", "c0").Row("failed"));

    [Fact]
    public void A_storm() =>
        Finds("14", Enumerable.Range(0, 30).Aggregate(Failed(), static (tale, _) => tale.Call("c0", Answer.Error)));

    [Fact]
    public void A_healthy_one_that_waits() =>
        Finds("14", new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .After(30)
            .Calls("a0", "a1")
            .Row("succeed")
            .Left(1, 1));

    [Fact]
    public void A_failure_nobody_caused() =>
        Finds("16", new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .Calls("a0")
            .Call("a1", Answer.Error)
            .Calls("c1", "c0")
            .Row("failed"));

    [Fact]
    public void A_success_nobody_wanted() =>
        Finds("16", new Tale(Tcc).Row("prepared").Say("prepare").Row("succeed").Left(1, 1));

    [Fact]
    public void An_error_of_the_coordinator() => Finds("16", Tale.Saga().Say("submit", 500, "internal error"));

    /// <summary>A tcc of two branches that succeeds.</summary>
    private static Tale Confirmed() =>
        new Tale(Tcc)
            .Row("prepared")
            .Say("prepare")
            .Say("reg0")
            .Say("reg1")
            .Say("submit")
            .Calls("f1", "f0")
            .Row("succeed")
            .Left(1, 1);

    /// <summary>A saga whose second step is rejected, so it is rolled back.</summary>
    /// <summary>Silo A dies while its action is at work, and silo B compensates this many seconds later.</summary>
    private static Tale Orphaned(bool killed, double seconds)
    {
        var tale = new Tale(Tale.Plan("saga")).Row("submitted").Say("submit").Hanging("a0", "A");
        return (killed ? tale.Machine(new SiloNews("A", "ended with 137")) : tale)
            .After(seconds).Call("c0", Answer.Success, "B").Row("failed");
    }

    private static Tale Failed() =>
        new Tale(Tale.Plan("saga"))
            .Row("submitted")
            .Say("submit")
            .Calls("a0")
            .Call("a1", Answer.Failure)
            .Calls("c1", "c0")
            .Row("aborting")
            .Row("failed");

    private static void Finds(string check, Tale tale, params string[] branches) =>
        Assert.Contains(tale.Judge(branches), v => v.Check.StartsWith(check, StringComparison.Ordinal));
}
