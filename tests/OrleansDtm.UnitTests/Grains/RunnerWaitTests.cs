using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// Requests that wait for the end of a transaction, and the end of the runner: every request gets a reply.
/// </summary>
public sealed class RunnerWaitTests
{
    private readonly RunnerWorld _world = new();

    [Fact]
    public void A_waiting_submit_is_answered_at_the_end()
    {
        var reply = _world.Submit(wait: true);
        _world.Answer("a0");
        Assert.False(reply.IsCompleted);
        _world.Answer("a1");

        Assert.Equal((ReplyKind.Ok, "succeed"), (RunnerWorld.Now(reply).Kind, RunnerWorld.Now(reply).Status));
    }

    [Fact]
    public void A_waiting_submit_learns_why_it_failed()
    {
        var reply = _world.Submit(1, wait: true);
        _world.Answer("a0", OutcomeKind.Failed, "no money");
        Assert.False(reply.IsCompleted);
        _world.Answer("c0");

        Assert.Equal("failed", RunnerWorld.Now(reply).Status);
        Assert.Equal("url:http://bank/a0 return failed: no money FAILURE", RunnerWorld.Now(reply).RollbackReason);
    }

    [Fact]
    public void A_waiting_submit_is_answered_with_the_unfinished_state_when_it_pauses_before_a_retry()
    {
        var reply = _world.Submit(1, wait: true);
        _world.Answer("a0", OutcomeKind.Unknown, "reset by peer");

        Assert.Equal((ReplyKind.Ok, "submitted"), (RunnerWorld.Now(reply).Kind, RunnerWorld.Now(reply).Status));
        Assert.Equal("reset by peer", RunnerWorld.Now(reply).LastError);
    }

    [Fact]
    public void A_wait_lasts_while_any_call_is_under_way()
    {
        _world.Options = _world.Options with { Concurrent = true };
        var reply = _world.Submit(wait: true);
        _world.Answer("a0", OutcomeKind.Unknown, "lost");
        Assert.False(reply.IsCompleted);
        _world.Answer("a1");

        Assert.Equal("submitted", RunnerWorld.Now(reply).Status);
    }

    [Fact]
    public void A_waiting_duplicate_waits_for_the_same_end()
    {
        _world.Submit(1);
        var reply = _world.Submit(1, wait: true);
        Assert.False(reply.IsCompleted);
        _world.Answer("a0");

        Assert.Equal("succeed", RunnerWorld.Now(reply).Status);
    }

    [Fact]
    public void A_force_stop_answers_those_who_wait()
    {
        var reply = _world.Submit(wait: true);
        Assert.Equal("failed", RunnerWorld.Now(_world.ForceStop()).Status);
        Assert.Equal("failed", RunnerWorld.Now(reply).Status);

        _world.Answer("a0"); // too late
        Assert.Equal(
            (TransactionStatus.Failed, "a0", 2), (_world.Stored.Status, _world.CallNames, _world.Store.Asked.Count));
    }

    [Fact]
    public void A_wait_is_answered_when_the_last_write_happened_but_its_answer_was_lost()
    {
        var reply = _world.Submit(1, wait: true);
        _world.Store.Script(WriteFate.LostAfter);
        _world.Answer("a0");
        Assert.False(reply.IsCompleted);
        _world.Wake();

        Assert.Equal("succeed", RunnerWorld.Now(reply).Status);
        _world.EndsWell("a0");
    }

    [Fact]
    public void A_wait_is_answered_when_another_owner_ended_it()
    {
        var reply = _world.Submit(wait: true);
        _world.Elsewhere(new TransactionEvent.ForceStop(""));
        _world.Answer("a0");

        Assert.Equal("failed", RunnerWorld.Now(reply).Status);
        Assert.Equal("a0", _world.CallNames);
    }

    [Fact]
    public void A_wait_is_answered_before_an_unfinished_transaction_is_left_to_the_sweep()
    {
        _world.Options = _world.Options with { RequestTimeout = TimeSpan.FromMinutes(2) };
        _world.StoreInterrupted(RunnerWorld.Somebody);
        var reply = _world.Submit(wait: true);

        Assert.Equal(1, _world.Dones);
        Assert.Equal("submitted", RunnerWorld.Now(reply).Status);
    }

    [Fact]
    public void Close_answers_everybody()
    {
        var waits = _world.Submit(wait: true);
        _world.Store.Script(WriteFate.Held);
        var writes = _world.ForceStop();
        var queues = _world.RetryNow();
        _world.Runner.Close();
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(waits).Kind);
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(queues).Kind);
        Assert.False(writes.IsCompleted); // A request in the current write gets the write's result.
        _world.Store.Release();
        Assert.Equal("failed", RunnerWorld.Now(writes).Status);

        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(_world.Submit()).Kind);
    }

    [Theory]
    [InlineData(WriteFate.Written, ReplyKind.Ok)]
    [InlineData(WriteFate.LostBefore, ReplyKind.Unavailable)]
    [InlineData(WriteFate.LostAfter, ReplyKind.Unavailable)]
    internal void A_submit_that_is_being_written_at_close_is_answered_and_calls_nothing(WriteFate fate, ReplyKind kind)
    {
        _world.Store.Script(WriteFate.Held);
        var reply = _world.Submit(wait: true);
        _world.Runner.Close();
        _world.Store.Release(fate);

        Assert.Equal(kind, RunnerWorld.Now(reply).Kind);
        Assert.Empty(_world.Calls); // The next owner makes the calls.
        Assert.Equal((null, 0), (_world.WakeMoment, _world.Dones));
    }

    [Fact]
    public void A_submit_that_loses_to_another_owner_at_close_is_answered()
    {
        _world.Store.Script(WriteFate.Held);
        var reply = _world.Submit(wait: true);
        _world.StoreInterrupted(RunnerWorld.Somebody);
        _world.Runner.Close();
        _world.Store.Release();

        Assert.True(reply.IsCompleted);
    }

    [Fact]
    public void Answers_and_wakes_after_close_change_nothing()
    {
        _world.Submit();
        _world.Runner.Close();
        _world.Answer("a0");
        _world.Runner.Wake();

        Assert.Single(_world.Store.Asked);
        Assert.Equal(RunnerWorld.Me, _world.Store.Stored(RunnerWorld.Gid)!.Owner);
    }
}
