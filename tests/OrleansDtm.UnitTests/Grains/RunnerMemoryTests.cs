using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Tests.Support.Grains;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Transactions leave the memory, or are not taken in, when the limit is reached.</summary>
public sealed class RunnerMemoryTests
{
    private const int LargeText = 100_000;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_count_follows_the_transaction_until_its_runner_closes()
    {
        var memory = new LiveMemory(long.MaxValue);
        var world = new RunnerWorld(memory: memory);
        world.Submit();
        var first = memory.Bytes;
        Assert.InRange(first, 1000, 20_000);

        world.Answer("a0");
        Assert.Equal(first, memory.Bytes);
        world.Runner.Close();
        Assert.Equal(0, memory.Bytes);
    }

    [Fact]
    public void A_transaction_that_waits_for_its_retry_stays_only_while_there_is_memory()
    {
        Assert.Equal(0, Retrying(new LiveMemory(long.MaxValue)).Dones);
        Assert.Equal(1, Retrying(new LiveMemory(2000)).Dones);

        static RunnerWorld Retrying(LiveMemory memory)
        {
            var world = new RunnerWorld(memory: memory);
            world.Submit(1);
            world.Answer("a0", OutcomeKind.Unknown, "reset by peer");
            return world;
        }
    }

    [Fact]
    public void A_large_transaction_is_not_resumed_while_the_memory_is_full_but_can_be_stopped()
    {
        var (memory, world) = LargeInterrupted();
        memory.Change(0, 2_000_000);

        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(world.RetryNow()).Kind);
        Assert.Equal(2_000_000, memory.Bytes);
        Assert.Empty(world.Calls);

        Assert.Equal("failed", RunnerWorld.Now(world.ForceStop()).Status);
    }

    [Fact]
    public void A_large_transaction_is_resumed_when_others_have_left_the_memory()
    {
        var (memory, world) = LargeInterrupted();
        memory.Change(0, 2_000_000);
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(world.RetryNow()).Kind);
        memory.Change(2_000_000, 0);

        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(world.RetryNow()).Kind);
        Assert.NotEmpty(world.Calls);
    }

    [Fact]
    public void A_sweep_does_not_read_again_what_is_refused_for_its_size()
    {
        var (memory, world) = LargeInterrupted();
        memory.Change(0, 2_000_000);
        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(world.Runner.Post(TransactionEvent.TimeDue.Instance)).Kind);
        var loads = world.Store.Loads;

        Assert.Equal(ReplyKind.Unavailable, RunnerWorld.Now(world.Runner.Post(TransactionEvent.TimeDue.Instance)).Kind);
        Assert.Equal(loads, world.Store.Loads);

        memory.Change(2_000_000, 0);
        Assert.Equal(ReplyKind.Ok, RunnerWorld.Now(world.Runner.Post(TransactionEvent.TimeDue.Instance)).Kind);
        Assert.NotEmpty(world.Calls);
    }

    [Fact]
    public async Task A_large_branch_is_refused_too_while_the_memory_is_full()
    {
        await using var silo = await SiloUnderTest.Start(static options => options.LiveBytesMax = 3000);
        silo.Service = static (_, cancellation) => SiloUnderTest.Hang(cancellation);
        Assert.Equal(ReplyKind.Ok, (await Submit(silo, "g1", LargeText)).Kind);

        var refused = await SiloUnderTest.Soon(
            silo.Services.GetRequiredService<OrleansDtm.Grains.Running.Transactions>().Tell(
                "g2",
                new TransactionEvent.Register(
                    TransactionType.Tcc,
                    [new BranchOpDefinition("01", "confirm", "http://bank/c", new byte[LargeText], RunnerWorld.Start)],
                    BranchStatus.Prepared)));
        Assert.Equal(ReplyKind.Unavailable, refused.Kind);
    }

    [Fact]
    public async Task A_large_request_is_refused_while_the_memory_is_full_and_a_small_one_is_not()
    {
        await using var silo = await SiloUnderTest.Start(static options => options.LiveBytesMax = 3000);
        silo.Service = static (_, cancellation) => SiloUnderTest.Hang(cancellation);
        Assert.Equal(ReplyKind.Ok, (await Submit(silo, "g0", 10)).Kind);
        Assert.Equal(ReplyKind.Ok, (await Submit(silo, "g1", LargeText)).Kind); // Small ones do not keep it out.

        var refused = await Submit(silo, "g2", LargeText);
        Assert.Equal(ReplyKind.Unavailable, refused.Kind);
        Assert.Contains("Limits:LiveBytesMax", refused.Message, StringComparison.Ordinal);
        Assert.Null(await silo.Store.Load("g2", TestContext.Current.CancellationToken));
        Assert.Equal(ReplyKind.Ok, (await Submit(silo, "g3", 10)).Kind);
    }

    private static Task<TransactionReply> Submit(SiloUnderTest silo, string gid, int characters)
    {
        var submission = SiloUnderTest.Saga("http://bank/a0").For(gid);
        return SiloUnderTest.Soon(silo.Services.GetRequiredService<OrleansDtm.Grains.Running.Transactions>().Tell(
            gid,
            new TransactionEvent.Submit(submission with
            {
                Definition = submission.Definition with { CustomData = new string('x', characters) },
            })));
    }

    private static (LiveMemory Memory, RunnerWorld World) LargeInterrupted()
    {
        var memory = new LiveMemory(1_000_000);
        var world = new RunnerWorld(memory: memory, soleOwner: true);
        var submission = world.Saga();
        submission = submission with
        {
            Definition = submission.Definition with { CustomData = new string('x', LargeText) },
        };
        var now = world.Clock.GetUtcNow();
        var decision = TransactionMachine.Decide(null, new TransactionEvent.Submit(submission), now);
        world.Store.WriteBehindTheBack(new OrleansDtm.Storage.TransactionWrite(
            null, decision.Next! with { Version = 1 }, RunnerWorld.Somebody));
        world.Clock.Advance(Minute);
        return (memory, world);
    }
}
