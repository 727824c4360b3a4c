using System.Collections.Immutable;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The writes of a runner, and that nothing happens before it is durable.</summary>
public sealed class RunnerTests
{
    private readonly RunnerWorld _world = new();

    [Fact]
    public void The_submitter_is_answered_only_after_the_write_is_durable()
    {
        _world.Store.Script(WriteFate.Held);
        var reply = _world.Submit();
        Assert.False(reply.IsCompleted);

        _world.Store.Release();

        Assert.Equal((ReplyKind.Ok, "submitted"), (RunnerWorld.Now(reply).Kind, RunnerWorld.Now(reply).Status));
    }

    [Fact]
    public void A_call_is_made_only_after_the_write_that_marks_it_started()
    {
        _world.OnCall = call =>
        {
            var branch = _world.Stored.Branches.Single(
                b => b.Definition.Id == call.BranchId && b.Definition.Op == call.Op);
            Assert.True(branch is { Started: true, InFlight: true });
        };
        _world.Store.Script(WriteFate.Held, WriteFate.Held, WriteFate.Held);
        _world.Submit();
        Assert.Empty(_world.Calls);
        _world.Store.Release();
        Assert.Equal("a0", _world.CallNames);

        _world.Answer("a0");
        Assert.Equal("a0", _world.CallNames);
        _world.Store.Release();
        Assert.Equal("a0 a1", _world.CallNames);

        _world.Answer("a1", OutcomeKind.Failed, "no");
        Assert.Equal("a0 a1", _world.CallNames);
        _world.Store.Release();
        Assert.Equal("a0 a1 c1", _world.CallNames);
    }

    [Fact]
    public void A_saga_of_two_branches_costs_three_writes_and_no_load()
    {
        _world.Submit();
        _world.Answer("a0");
        _world.Answer("a1");

        _world.EndsWell("a0 a1");
        Assert.Equal(3, _world.Store.Asked.Count);
        Assert.Equal(0, _world.Store.Loads);
        Assert.Equal([1L, 2L, 3L], _world.Store.Durable.Select(static w => w.Next.Version));
        Assert.Equal([RunnerWorld.Me, RunnerWorld.Me, 0L], _world.Store.Durable.Select(static w => w.Owner));
        Assert.Equal(1, _world.Dones);
    }

    [Fact]
    public void A_refusal_that_arrives_with_a_success_starts_nothing_more()
    {
        _world.Options = _world.Options with
        {
            Concurrent = true,
            Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty.Add(3, [0]),
        };
        _world.Submit(4);
        Assert.Equal("a0 a1 a2", _world.CallNames);
        _world.Store.Script(WriteFate.Held);
        _world.Answer("a2");
        _world.Answer("a0"); // Alone, this response would start a3.
        _world.Answer("a1", OutcomeKind.Failed, "no");
        _world.Store.Release();

        Assert.DoesNotContain("a3", _world.Calls);
        Assert.Equal(TransactionStatus.Aborting, _world.Stored.Status);
        Assert.False(_world.Stored.Branches[7].Started);
    }

    [Fact]
    public void What_arrives_during_a_write_is_decided_together_in_the_next_one()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit(3);
        Assert.Equal("a0 a1 a2", _world.CallNames);
        _world.Store.Script(WriteFate.Held);
        _world.Answer("a0");
        _world.Answer("a1");
        _world.Answer("a2");
        var again = _world.Submit(3);
        Assert.Equal(2, _world.Store.Asked.Count);

        _world.Store.Release();

        Assert.Equal(3, _world.Store.Durable.Count);
        Assert.Equal(TransactionStatus.Succeed, _world.Stored.Status);
        // The transaction ended before this request was decided.
        Assert.Equal(ReplyKind.Conflict, RunnerWorld.Now(again).Kind);
    }

    [Fact]
    public void A_call_that_a_later_event_of_the_same_write_ends_is_not_made()
    {
        _world.Store.Script(WriteFate.Held);
        _world.Submit();
        _world.Store.Release();
        _world.Store.Script(WriteFate.Held);
        var nothing = _world.RetryNow(); // Changes nothing, so nothing is written.
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(nothing).Kind);
        _world.Answer("a0");
        _world.Store.Release();
        _world.Store.Script(WriteFate.Held);
        _world.Answer("a1", OutcomeKind.Unknown, "lost");
        var retry = _world.RetryNow();
        var stop = _world.ForceStop();
        _world.Store.Release();

        Assert.Equal("failed", RunnerWorld.Now(stop).Status);
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(retry).Kind);
        Assert.Equal("a0 a1", _world.CallNames);
    }

    [Fact]
    public void A_duplicate_submit_while_it_runs_answers_ok_and_calls_nothing_twice()
    {
        _world.Submit();
        var again = _world.Submit();

        Assert.Equal((ReplyKind.Ok, "submitted"), (RunnerWorld.Now(again).Kind, RunnerWorld.Now(again).Status));
        Assert.Equal("a0", _world.CallNames);
        Assert.Single(_world.Store.Asked);
    }

    [Fact]
    public void Thirty_two_submits_at_once_lead_to_one_set_of_calls()
    {
        _world.Store.Script(WriteFate.Held);
        var replies = Enumerable.Range(0, 32).Select(_ => _world.Submit()).ToList();
        Assert.All(replies, static reply => Assert.False(reply.IsCompleted));
        _world.Store.Release();
        Assert.All(replies, static reply => Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(reply).Kind));

        _world.Answer("a0");
        _world.Answer("a1");

        _world.EndsWell("a0 a1");
        Assert.Equal(3, _world.Store.Asked.Count);
    }

    [Fact]
    public void A_call_says_everything_the_branch_must_know()
    {
        _world.Submit(1);
        _world.Answer("a0", OutcomeKind.Unknown, "lost");
        _world.Wake();

        var call = _world.Invocations[^1];
        Assert.Equal(
            (RunnerWorld.Gid, TransactionType.Saga, "http", "01", "action"),
            (call.Gid, call.Type, call.Protocol, call.BranchId, call.Op));
        Assert.Equal(("http://bank/a0", 3000.0, 2), (call.Url, call.Timeout.TotalMilliseconds, call.Attempt));
        Assert.Equal("{}"u8.ToArray(), call.Payload.ToArray());
        Assert.Null(call.Headers);
    }

    [Fact]
    public void A_caller_that_throws_counts_as_unknown_and_is_retried()
    {
        _world.CallFails = new InvalidOperationException("no silo takes it");
        _world.Submit(1);

        var branch = _world.Stored.Branches[1];
        Assert.Equal(
            ("no silo takes it", OutcomeKind.Unknown), (branch.LastError, Assert.Single(branch.History).Outcome));
        _world.Wake();
        _world.Answer("a0");
        _world.EndsWell("a0 a0");
    }

    [Fact]
    public void An_answer_without_an_outcome_counts_as_unknown()
    {
        _world.Submit(1);
        _world.Answer("a0", OutcomeKind.None);

        Assert.Equal(OutcomeKind.Unknown, Assert.Single(_world.Stored.Branches[1].History).Outcome);
    }

    [Fact]
    public void What_is_unfinished_and_due_soon_stays_in_memory()
    {
        _world.Submit(1);
        Assert.Null(_world.WakeMoment); // No wake-up is needed for calls in flight.
        _world.Answer("a0", OutcomeKind.Ongoing);

        Assert.Equal(RunnerWorld.Start.AddSeconds(10), _world.WakeMoment);
        Assert.Equal(0, _world.Dones);
        _world.Wake();
        Assert.Equal("a0 a0", _world.CallNames);
    }

    [Fact]
    public void What_is_due_later_is_left_to_the_sweep()
    {
        _world.Options = _world.Options with { RetryInterval = TimeSpan.FromSeconds(31) };
        _world.Submit(1);
        _world.Answer("a0", OutcomeKind.Ongoing);

        Assert.Null(_world.WakeMoment);
        Assert.Equal(1, _world.Dones);
        Assert.Equal(RunnerWorld.Start.AddSeconds(31), _world.Stored.Due);
    }

    [Fact]
    public void A_deadline_wakes_it_while_a_call_is_under_way()
    {
        _world.Options = _world.Options with { TimeoutToFail = TimeSpan.FromSeconds(2) };
        _world.Submit(1);
        Assert.Equal(RunnerWorld.Start.AddSeconds(2), _world.WakeMoment);

        _world.Wake();

        Assert.Equal(TransactionStatus.Aborting, _world.Stored.Status);
        Assert.Equal("a0", _world.CallNames); // The compensation waits for the end of the action's call.
        _world.Answer("a0", OutcomeKind.Unknown, "lost");
        _world.Answer("c0");
        Assert.Equal((TransactionStatus.Failed, "a0 c0"), (_world.Stored.Status, _world.CallNames));
    }

    [Fact]
    public void A_wake_that_comes_too_early_changes_nothing()
    {
        _world.Submit(1);
        _world.Answer("a0", OutcomeKind.Ongoing);
        _world.Runner.Wake();

        Assert.Equal("a0", _world.CallNames);
        Assert.Equal(2, _world.Store.Asked.Count);
        Assert.Equal(RunnerWorld.Start.AddSeconds(10), _world.WakeMoment);
    }

    [Fact]
    public void A_request_to_a_transaction_that_does_not_exist_is_refused_and_the_memory_given_back()
    {
        var reply = _world.ForceStop();

        Assert.Equal(ReplyKind.NotFound, RunnerWorld.Now(reply).Kind);
        Assert.Equal((1, 0), (_world.Dones, _world.Store.Asked.Count));
    }
}
