using OrleansDtm.Core;
using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Plans;
using Xunit;

namespace OrleansDtm.Simulation.Tests;

/// <summary>Shrunk plans that broke an invariant in the past.</summary>
public sealed class FoundTests
{
    /// <summary>
    /// 16: the result of a saga's first attempt was committed, but the commit's response was lost, so the result was
    /// kept. The same happened to the second attempt, which no process had made. The kept result was counted for it,
    /// and the saga reached its retry limit.
    /// </summary>
    [Fact]
    public void An_answer_is_counted_once()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var transaction = new TransactionPlan
            {
                Gid = "g1",
                Type = TransactionType.Saga,
                Start = TimeSpan.FromSeconds(0.5),
                Steps = 1,
                RetryInterval = 1,
                RequestTimeout = 2,
                RetryLimit = 1,
                Fates = [new CallFate("a0", 1, Fate.Hangs, TimeSpan.Zero)],
            };
            var commits = new[]
            {
                FaultKind.CommitLostBefore,
                FaultKind.CommitDeadlock,
                FaultKind.CommitAnswerLostLate,
                FaultKind.CommitAnswerLost,
            };
            var run = Simulator.Play(
                Quiet(seed, transaction) with { Faults = [.. commits.Select(Fault)] }, Defect.None);

            Assert.Null(run.Violation);
        }

        static FaultPlan Fault(FaultKind kind) => new(TimeSpan.FromSeconds(2), kind, 0, TimeSpan.Zero);
    }

    /// <summary>
    /// 11: a commit of an owner was applied late. In the meantime another process, which did not see it in the
    /// membership, took over and repeated the call with the same number; the first owner's answer ended that call.
    /// </summary>
    [Fact]
    public void An_answer_does_not_end_the_call_of_another_owner() =>
        Assert.Null(Simulator.Play(PlanGenerator.Of(200537), Defect.None).Violation);

    private static Plan Quiet(int seed, TransactionPlan transaction) => new()
    {
        Seed = seed,
        Processes = 1,
        Shards = 1,
        KeepAlive = TimeSpan.FromSeconds(30),
        BatchMax = 64,
        SweepPageSize = 100,
        SweepConcurrency = 16,
        Skews = [TimeSpan.Zero],
        Transactions = [transaction],
        Faults = [],
        Calm = TimeSpan.FromSeconds(40),
    };
}
