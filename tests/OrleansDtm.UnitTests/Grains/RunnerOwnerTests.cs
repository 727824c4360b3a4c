using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// Two owners of one transaction: the second writer drops its state, and calls of another owner are repeated only when
/// that is safe.
/// </summary>
public sealed class RunnerOwnerTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3 + 2 + 2);

    private readonly RunnerWorld _world = new();

    [Fact]
    public void After_a_conflict_a_request_is_judged_again_by_what_is_stored()
    {
        _world.Submit();
        _world.Elsewhere(new TransactionEvent.ForceStop(""));
        var reply = _world.ForceStop();

        Assert.Equal((ReplyKind.Conflict, "failed"), (RunnerWorld.Now(reply).Kind, RunnerWorld.Now(reply).Status));
        Assert.Equal((1, 1), (_world.Store.Loads, _world.Dones));
    }

    [Fact]
    public void After_a_conflict_answers_of_the_old_life_are_ignored()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit(3);
        var before = _world.Stored;
        _world.Elsewhere(new TransactionEvent.BranchAnswered(1, Outcome.Succeeded, TimeSpan.Zero));
        _world.Answer("a1"); // causes the conflict
        var asked = _world.Store.Asked.Count;
        _world.Answer("a2"); // arrives after the state was dropped

        Assert.Equal(asked, _world.Store.Asked.Count);
        Assert.Equal(before.Version + 1, _world.Stored.Version);
        Assert.Equal([BranchStatus.Succeed, BranchStatus.Prepared, BranchStatus.Prepared], Actions());
    }

    [Fact]
    public void An_answer_of_the_old_life_that_came_while_its_last_write_was_lost_is_ignored_too()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit(3);
        _world.Store.Script(WriteFate.Held);
        _world.Answer("a1"); // Its write is held ...
        _world.Answer("a0", OutcomeKind.Failed, "no"); // ... while this one comes ...
        _world.Elsewhere(new TransactionEvent.BranchAnswered(5, Outcome.Succeeded, TimeSpan.Zero));
        var asked = _world.Store.Asked.Count;
        _world.Store.Release(); // ... and another owner wins.

        Assert.Equal(asked, _world.Store.Asked.Count);
        Assert.Equal(TransactionStatus.Submitted, _world.Stored.Status);
        Assert.Equal([BranchStatus.Prepared, BranchStatus.Prepared, BranchStatus.Succeed], Actions());
    }

    [Fact]
    public void After_a_conflict_those_who_wait_are_served_under_the_other_owners_lease()
    {
        var reply = _world.Submit(wait: true);
        _world.Elsewhere(new TransactionEvent.BranchAnswered(1, Outcome.Succeeded, TimeSpan.Zero));
        _world.Answer("a0", OutcomeKind.Failed, "an answer of the old life");
        Assert.False(reply.IsCompleted);
        Assert.Equal(_world.Stored.LeaseUntil, _world.WakeMoment);

        _world.Wake();
        Assert.Equal("a0 a1", _world.CallNames);
        _world.Answer("a1");

        Assert.Equal("succeed", RunnerWorld.Now(reply).Status);
        _world.EndsWell("a0 a1");
    }

    [Fact]
    public void An_insert_that_conflicts_looks_at_what_exists()
    {
        _world.StoreInterrupted(RunnerWorld.Somebody);
        _world.Elsewhere(new TransactionEvent.ForceStop(""));
        var reply = _world.Submit();

        Assert.Equal((ReplyKind.Conflict, "failed"), (RunnerWorld.Now(reply).Kind, RunnerWorld.Now(reply).Status));
        Assert.Equal((1, 1), (_world.Store.Asked.Count, _world.Store.Loads));
        Assert.Empty(_world.Calls);
        Assert.Equal(1, _world.Dones);
    }

    [Fact]
    public void Thirty_two_inserts_that_conflict_are_all_answered()
    {
        _world.Store.Script(WriteFate.Held);
        var replies = Enumerable.Range(0, 32).Select(_ => _world.Submit()).ToList();
        _world.StoreInterrupted(RunnerWorld.Somebody);
        _world.Store.Release();

        Assert.All(replies, static reply => Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(reply).Kind));
        Assert.Empty(_world.Calls);
    }

    [Fact]
    public void A_request_that_loses_again_and_again_is_told_to_come_back()
    {
        _world.StoreInterrupted(RunnerWorld.Me);
        var races = 0;
        Interfere();
        var reply = _world.ForceStop();

        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(reply).Kind);
        Assert.Equal(5, races);
        Assert.Equal(TransactionStatus.Submitted, _world.Stored.Status);
        _world.Store.BeforeWrite = null;
        Assert.Equal("failed", RunnerWorld.Now(_world.ForceStop()).Status);

        void Interfere() => _world.Store.BeforeWrite = () =>
        {
            races++;
            _world.Elsewhere(new TransactionEvent.Resumed([]));
            Interfere();
        };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_commit_that_takes_longer_than_its_lease_is_followed_by_a_new_lease_and_not_by_a_call(bool soleOwner)
    {
        var world = new RunnerWorld(soleOwner: soleOwner);
        world.Store.Script(WriteFate.Held);
        world.Submit();
        world.Clock.Advance(Lease);
        world.OnCall = _ => Assert.True(
            world.Stored.LeaseUntil >= world.Clock.GetUtcNow() + world.Options.RequestTimeout);
        world.Store.Release();

        Assert.Equal("a0", world.CallNames);
        world.Answer("a0");
        world.Answer("a1");
        Assert.Equal(TransactionStatus.Succeed, world.Stored.Status);
    }

    [Fact]
    public void A_forced_stop_cancels_the_calls_and_an_orderly_end_has_none_to_cancel()
    {
        _world.Submit();
        _world.ForceStop();
        Assert.Equal([RunnerWorld.Gid], _world.Cancelled);

        var other = new RunnerWorld();
        other.Submit(1);
        other.Answer("a0");
        Assert.Equal(TransactionStatus.Succeed, other.Stored.Status);
        Assert.Empty(other.Cancelled);
    }

    [Fact]
    public void That_there_is_no_such_gid_is_not_remembered()
    {
        var read = new TaskCompletionSource();
        _world.Store.ReadsAnswerAfter = read.Task;
        var first = _world.RetryNow(); // Its read is slow, as in a paused process ...
        var second = _world.RetryNow(); // ... and this request arrives meanwhile,
        _world.StoreInterrupted(RunnerWorld.Somebody); // after another process created the transaction.
        read.SetResult();

        Assert.Equal(ReplyKind.NotFound, RunnerWorld.Now(first).Kind);
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(second).Kind);
    }

    public static TheoryData<string> Operators { get; } = ["retry all", "retry one", "resolve"];

    /// <summary>The memory says that the call is in flight; in the row it waits for a retry.</summary>
    [Theory]
    [MemberData(nameof(Operators))]
    public void An_operators_request_is_not_judged_by_the_memory_of_an_overtaken_owner(string request)
    {
        _world.Submit();
        _world.Elsewhere(new TransactionEvent.BranchAnswered(1, Outcome.Unknown("busy"), TimeSpan.Zero));
        var reply = _world.Runner.Post(Operator(request));

        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(reply).Kind);
        Assert.Equal(request == "resolve" ? "a0 a1" : "a0 a0", _world.CallNames);
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void An_operators_request_that_changes_nothing_leaves_the_calls_under_way(string request)
    {
        _world.Submit();
        var reply = _world.Runner.Post(Operator(request));
        var expected = request == "retry all" ? ReplyKind.Ok : ReplyKind.Conflict;
        Assert.Equal((expected, 1), (RunnerWorld.Now(reply).Kind, _world.Store.Loads));

        _world.Store.Away = true;
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(_world.Runner.Post(Operator(request))).Kind);
        _world.Store.Away = false;
        _world.Answer("a0");
        _world.Answer("a1");
        _world.EndsWell("a0 a1");
    }

    private static TransactionEvent Operator(string request) => request switch
    {
        "retry one" => new TransactionEvent.RetryBranch("01", "action"),
        "resolve" => new TransactionEvent.ResolveBranch("01", "action", "by hand"),
        _ => TransactionEvent.RetryNow.Instance,
    };

    [Fact]
    public void Calls_of_another_owner_are_left_alone_until_its_lease_is_over()
    {
        _world.StoreInterrupted(RunnerWorld.Somebody);
        _world.Runner.Post(TransactionEvent.TimeDue.After(0));
        Assert.Empty(_world.Calls);
        Assert.Equal(RunnerWorld.Start + Lease, _world.WakeMoment);

        _world.Clock.Advance(Lease - TimeSpan.FromMilliseconds(1));
        _world.Runner.Wake();
        Assert.Empty(_world.Calls);

        _world.Wake();
        Assert.Equal("a0", _world.CallNames);
        Assert.Equal(RunnerWorld.Me, _world.Store.Stored(RunnerWorld.Gid)!.Owner);
        _world.Answer("a0");
        _world.Answer("a1");
        _world.EndsWell("a0 a1");
    }

    [Fact]
    public void A_lease_that_is_over_already_is_no_reason_to_wait()
    {
        _world.StoreInterrupted(RunnerWorld.Somebody);
        _world.Clock.Advance(Lease);
        _world.Runner.Post(TransactionEvent.TimeDue.After(0));

        Assert.Equal("a0", _world.CallNames);
    }

    [Theory]
    [InlineData(RunnerWorld.Me, false)]
    [InlineData(0, false)]
    [InlineData(RunnerWorld.Somebody, true)]
    public void Calls_lost_with_a_dead_owner_or_an_earlier_activation_are_made_again_at_once(long owner, bool gone)
    {
        _world.StoreInterrupted(owner);
        _world.Runner.Post(TransactionEvent.TimeDue.After(gone ? owner : 0));

        Assert.Equal("a0", _world.CallNames);
        Assert.Equal(0, _world.Stored.Branches[1].Attempts); // The call was never answered.
        _world.Answer("a0");
        _world.Answer("a1");
        _world.EndsWell("a0 a1");
    }

    [Fact]
    public void Word_of_the_owners_death_counts_even_if_the_transaction_was_looked_at_before()
    {
        _world.StoreInterrupted(RunnerWorld.Somebody);
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(_world.Submit()).Kind);
        Assert.Empty(_world.Calls);

        _world.Runner.Post(TransactionEvent.TimeDue.After(RunnerWorld.Somebody));

        Assert.Equal("a0", _world.CallNames);
    }

    [Fact]
    public void A_resume_of_what_runs_here_calls_nothing_twice()
    {
        _world.Submit();
        _world.Runner.Post(TransactionEvent.TimeDue.After(0));
        _world.Runner.Post(TransactionEvent.TimeDue.After(RunnerWorld.Somebody));
        _world.Clock.Advance(Lease);
        _world.Runner.Post(TransactionEvent.TimeDue.After(0));

        Assert.Equal("a0", _world.CallNames);
        Assert.Single(_world.Store.Asked);
    }

    /// <summary>
    /// A defect before: after any write all calls looked like this process's own, so those of a live owner were
    /// repeated.
    /// </summary>
    [Fact]
    public void Calls_of_a_living_owner_stay_its_own_when_this_one_adds_calls()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.StoreInterrupted(RunnerWorld.Somebody);
        // a1 waits for a retry.
        _world.Elsewhere(new TransactionEvent.BranchAnswered(3, Outcome.Unknown("busy"), TimeSpan.Zero));
        _world.RetryNow();
        Assert.Equal("a1", _world.CallNames);
        _world.Answer("a1");

        Assert.Equal("a1", _world.CallNames); // Another owner has a0 in flight, and its lease is not over.
        Assert.Equal(_world.Stored.LeaseUntil, _world.WakeMoment);
        _world.Wake();
        _world.Answer("a0");
        _world.EndsWell("a1 a0");
    }

    [Fact]
    public void A_request_that_only_passes_by_leaves_the_calls_with_their_owner()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.StoreInterrupted(RunnerWorld.Somebody);
        _world.Elsewhere(new TransactionEvent.BranchAnswered(3, Outcome.Unknown("busy"), TimeSpan.Zero));
        _world.Elsewhere(TransactionEvent.RetryNow.Instance); // Both are in flight again, by another owner.
        _world.Runner.Post(new TransactionEvent.BranchAnswered(3, Outcome.Ongoing("later"), TimeSpan.Zero));

        Assert.Empty(_world.Calls);
        Assert.Equal(RunnerWorld.Somebody, _world.Store.Stored(RunnerWorld.Gid)!.Owner);
    }

    [Fact]
    public void A_commit_that_outlives_its_lease_is_decided_anew_before_anything_is_called()
    {
        _world.Store.Script(WriteFate.Held);
        _world.Submit();
        _world.Clock.Advance(Lease);
        _world.Store.Release();

        Assert.Equal("a0", _world.CallNames);
        Assert.Equal(2, _world.Store.Asked.Count);
        Assert.Equal(_world.Clock.GetUtcNow() + Lease, _world.Stored.LeaseUntil);
    }

    [Theory]
    [InlineData(2, 2, 1)]
    [InlineData(1, 3, 2)]
    public void A_call_after_a_slow_commit_takes_what_is_left_of_its_lease_or_gets_a_new_one(
        int left, int timeout, int writes)
    {
        _world.Store.Script(WriteFate.Held);
        _world.Submit();
        _world.Clock.Advance(Lease - TimeSpan.FromSeconds(left));
        _world.Store.Release();

        Assert.Equal(timeout, Assert.Single(_world.Invocations).Timeout.TotalSeconds);
        Assert.Equal(writes, _world.Store.Durable.Count);
    }

    /// <summary>
    /// Orleans ends activations whose directory entry was lost with another silo. Without a notification, the next
    /// owner would wait for the lease.
    /// </summary>
    [Fact]
    public void When_the_last_call_is_answered_after_the_end_of_the_activation_the_next_one_is_told()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit();
        _world.Runner.Close();
        _world.Answer("a0");
        Assert.Equal(0, _world.Orphans);

        _world.Answer("a1");
        Assert.Equal(1, _world.Orphans);
    }

    [Fact]
    public void A_call_whose_answer_lost_the_race_is_made_again_at_once()
    {
        _world.Options = _world.Options with { Concurrent = true };
        _world.Submit();
        var stored = _world.Stored;
        // A write of the same owner that changes only the version.
        _world.Store.WriteBehindTheBack(
            new TransactionWrite(stored, stored with { Version = stored.Version + 1 }, RunnerWorld.Me));
        _world.Answer("a0");

        Assert.Equal("a0 a1 a0 a1", _world.CallNames);
    }

    private IEnumerable<BranchStatus> Actions() =>
        _world.Stored.Branches.Where(static (_, i) => i % 2 == 1).Select(static b => b.Status);
}
