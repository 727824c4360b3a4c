using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Store outages before and after a commit, and defects.</summary>
public sealed class RunnerFaultTests
{
    private readonly RunnerWorld _world = new();

    [Fact]
    public void A_retry_whose_write_is_durable_but_unanswered_is_called_as_soon_as_the_store_is_back()
    {
        _world.Submit();
        _world.Answer("a0", OutcomeKind.Unknown, "reset by peer");
        _world.Store.Script(WriteFate.LostAfter);
        _world.Wake(); // The retry is committed, but the response is lost.
        Assert.Equal(("a0", 0), (_world.CallNames, _world.Dones));
        Assert.True(_world.WakeMoment < _world.Stored.LeaseUntil, "the lost call waits for its lease");

        _world.Wake();

        Assert.Equal("a0 a0", _world.CallNames);
        _world.Answer("a0");
        _world.Answer("a1");
        _world.EndsWell("a0 a0 a1");
    }

    [Fact]
    public void When_the_store_is_away_a_submit_is_unavailable_and_nothing_is_called()
    {
        _world.Store.Script(WriteFate.LostBefore);
        var reply = _world.Submit();

        Assert.Equal(
            (ReplyKind.Unavailable, "the store is away"),
            (RunnerWorld.Now(reply).Kind, RunnerWorld.Now(reply).Message));
        Assert.Empty(_world.Calls);
        Assert.Equal(1, _world.Dones);
        Assert.Null(_world.Store.Stored(RunnerWorld.Gid));

        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(_world.Submit()).Kind);
        Assert.Equal("a0", _world.CallNames);
    }

    [Fact]
    public void What_the_database_does_not_take_is_refused_at_once_and_nothing_is_called()
    {
        _world.Store.Script(WriteFate.TooLarge);
        var reply = RunnerWorld.Now(_world.Submit());

        Assert.Equal((ReplyKind.TooLarge, "body: it takes 5 bytes"), (reply.Kind, reply.Message));
        Assert.Empty(_world.Calls);
        Assert.Equal(1, _world.Dones);
        Assert.Null(_world.Store.Stored(RunnerWorld.Gid));
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(_world.Submit()).Kind);
    }

    [Fact]
    public void What_is_too_large_together_is_judged_one_by_one()
    {
        _world.Store.Script(WriteFate.Held, WriteFate.TooLarge, WriteFate.Written, WriteFate.TooLarge);
        var submit = _world.Submit();
        var (first, second) = (_world.ForceStop(), _world.Submit()); // Both are queued during the first write.
        _world.Store.Release();

        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(submit).Kind);
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(first).Kind);
        // It has nothing to write, because the gid is in use.
        Assert.NotEqual(ReplyKind.TooLarge, RunnerWorld.Now(second).Kind);
        Assert.Equal(TransactionStatus.Failed, _world.Stored.Status);
    }

    [Fact]
    public void A_request_does_not_wait_behind_an_answer_that_is_too_large()
    {
        _world.Submit(1);
        _world.Store.Script(WriteFate.TooLarge, WriteFate.TooLarge, WriteFate.TooLarge);
        _world.Answer("a0");
        var stop = RunnerWorld.Now(_world.ForceStop());

        Assert.Equal((ReplyKind.Ok, "failed"), (stop.Kind, stop.Status));
        Assert.Equal(TransactionStatus.Failed, _world.Stored.Status);
    }

    [Fact]
    public void A_submit_whose_commit_was_lost_is_taken_up_by_the_next_one()
    {
        _world.Store.Script(WriteFate.LostAfter);
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(_world.Submit()).Kind);
        Assert.Empty(_world.Calls);

        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(_world.Submit()).Kind);

        _world.Answer("a0");
        _world.Answer("a1");
        _world.EndsWell("a0 a1");
    }

    [Theory]
    [InlineData(WriteFate.LostBefore)]
    [InlineData(WriteFate.LostAfter)]
    internal void An_answer_is_kept_while_the_store_is_away(WriteFate fate)
    {
        _world.Submit();
        _world.Store.Script(fate);
        _world.Answer("a0");
        Assert.Equal("a0", _world.CallNames);
        Assert.Equal(0, _world.Dones);

        _world.Wake();
        Assert.Equal("a0 a1", _world.CallNames);
        Assert.Equal(1, _world.Stored.Branches[1].Attempts);
        _world.Answer("a1");

        _world.EndsWell("a0 a1");
    }

    [Theory]
    [InlineData(WriteFate.LostBefore)]
    [InlineData(WriteFate.LostAfter)]
    internal void The_last_answer_is_kept_while_the_store_is_away(WriteFate fate)
    {
        _world.Submit(1);
        _world.Store.Script(fate);
        _world.Answer("a0");
        _world.Wake();

        _world.EndsWell("a0");
    }

    [Theory]
    [InlineData(WriteFate.LostBefore)]
    [InlineData(WriteFate.LostAfter)]
    internal void An_error_that_is_written_while_the_store_is_away_is_retried(WriteFate fate)
    {
        _world.Submit(1);
        _world.Store.Script(fate);
        _world.Answer("a0", OutcomeKind.Unknown, "reset by peer");
        _world.Wake();
        Assert.Equal(("a0", 1), (_world.CallNames, _world.Stored.Branches[1].Attempts));

        _world.Wake();
        Assert.Equal("a0 a0", _world.CallNames);
        _world.Answer("a0");

        _world.EndsWell("a0 a0");
    }

    /// <summary>
    /// Found by the simulator: the response to the first attempt was used for the second one, which had not been made.
    /// </summary>
    [Fact]
    public void A_kept_answer_that_was_written_after_all_does_not_answer_the_next_attempt()
    {
        _world.Options = _world.Options with { RetryLimit = 1 };
        _world.Submit(1);
        _world.Store.Script(WriteFate.LostAfter, WriteFate.LostAfter);
        // Committed, the response is lost, and the outcome is kept.
        _world.Answer("a0", OutcomeKind.Unknown, "reset by peer");
        _world.Clock.Advance(TimeSpan.FromSeconds(15)); // The retry is due when the store is back.
        _world.Runner.Wake(); // It is committed, and the response is lost too.
        Assert.Equal(("a0", 1), (_world.CallNames, _world.Stored.Branches[1].Attempts));
        Assert.True(_world.Stored.Branches[1].InFlight);

        _world.Wake();

        Assert.Equal("a0 a0", _world.CallNames);
        Assert.Equal((TransactionStatus.Submitted, 1), (_world.Stored.Status, _world.Stored.RetryCount));
        _world.Answer("a0");
        _world.EndsWell("a0 a0");
    }

    [Theory]
    [InlineData(WriteFate.LostBefore)]
    [InlineData(WriteFate.LostAfter)]
    internal void Several_answers_are_kept_while_the_store_is_away(WriteFate fate)
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit(3);
        _world.Store.Script(fate, WriteFate.LostBefore);
        _world.Answer("a0");
        _world.Answer("a1");
        _world.Answer("a2");
        _world.Wake();

        Assert.Equal(TransactionStatus.Succeed, _world.Stored.Status);
        _world.EndsWell("a0 a1 a2");
    }

    [Fact]
    public void A_long_outage_is_waited_out_at_most_10_seconds_at_a_time()
    {
        _world.Submit(1);
        _world.Store.Away = true;
        _world.Answer("a0");
        List<double> waits = [];
        for (var i = 0; i < 8; i++)
        {
            waits.Add((_world.WakeMoment!.Value - _world.Clock.GetUtcNow()).TotalSeconds);
            _world.Wake();
        }

        Assert.Equal([0.5, 1, 2, 4, 8, 10, 10, 10], waits);
        Assert.Equal(0, _world.Dones);
        _world.Store.Away = false;
        _world.Wake();
        _world.EndsWell("a0");
    }

    [Fact]
    public void Requests_during_an_outage_are_told_so_and_the_kept_answer_survives_them()
    {
        _world.Submit(1);
        _world.Store.Away = true;
        _world.Answer("a0");
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(_world.Submit(1)).Kind);
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(_world.ForceStop()).Kind);
        _world.Store.Away = false;

        // It is decided after the kept response, which came first.
        Assert.Equal(ReplyKind.Conflict, RunnerWorld.Now(_world.ForceStop()).Kind);
        _world.EndsWell("a0");
    }

    [Fact]
    public void An_outage_while_calls_are_under_way_does_not_double_them()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit();
        _world.Store.Away = true;
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(_world.ForceStop()).Kind);
        Assert.NotNull(_world.WakeMoment);
        _world.Store.Away = false;
        _world.Wake();
        Assert.Equal("a0 a1", _world.CallNames);
        _world.Answer("a0");
        _world.Answer("a1");

        _world.EndsWell("a0 a1");
    }

    [Fact]
    public void A_defect_fails_the_requests_and_lets_go()
    {
        _world.Store.Script(WriteFate.Held);
        var first = _world.Submit();
        _world.Store.Script(WriteFate.Broken);
        var second = _world.ForceStop();
        var third = _world.RetryNow();
        _world.Store.Release();

        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(first).Kind);
        Assert.Throws<InvalidDataException>(() => RunnerWorld.Now(second));
        Assert.Throws<InvalidDataException>(() => RunnerWorld.Now(third));
        Assert.Equal(1, _world.Dones);
        Assert.Equal(TransactionStatus.Submitted, _world.Stored.Status);
    }

    [Fact]
    public void A_defect_on_an_answer_answers_those_who_wait_and_leaves_what_is_stored()
    {
        var reply = _world.Submit(1, wait: true);
        _world.Store.Script(WriteFate.Broken);
        _world.Answer("a0");

        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(reply).Kind);
        Assert.Equal((1, 1), (_world.Dones, _world.Store.Durable.Count));

        // The next event loads the stored state, in which the call is in flight without a caller.
        _world.Runner.Post(TransactionEvent.TimeDue.After(0));
        _world.Answer("a0");
        _world.EndsWell("a0 a0");
    }
}
