using OrleansDtm.Core;
using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Plans;
using Xunit;

namespace OrleansDtm.Simulation.Tests;

/// <summary>Plans, shrunk, that once broke an invariant.</summary>
public sealed class FoundTests
{
    /// <summary>
    /// 16: the answer to a saga's first attempt was written, unheard, and kept; then the second attempt was written, unheard; the kept answer
    /// was taken for that one's, which nobody had made, and the retry limit was reached.
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
            var commits = new[] { FaultKind.CommitLostBefore, FaultKind.CommitDeadlock, FaultKind.CommitAnswerLostLate, FaultKind.CommitAnswerLost };
            var run = Simulator.Play(Quiet(seed, transaction) with { Faults = [.. commits.Select(Fault)] }, Defect.None);

            Assert.Null(run.Violation);
        }

        static FaultPlan Fault(FaultKind kind) => new(TimeSpan.FromSeconds(2), kind, 0, TimeSpan.Zero);
    }

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
