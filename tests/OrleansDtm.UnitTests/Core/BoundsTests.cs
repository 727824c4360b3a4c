using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The events that do not count against a transaction's limits, and the limits of its size.</summary>
public sealed class BoundsTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_call_that_was_never_made_counts_neither_against_the_limit_nor_for_the_back_off()
    {
        var state = Decide(null, new TransactionEvent.Submit(Saga(retryLimit: 1)), Start);
        var now = Start;
        for (var i = 0; i < 5; i++)
        {
            state = Decide(
                state, new TransactionEvent.BranchAnswered(1, Outcome.NotSent("no place"), TimeSpan.Zero), now);
            Assert.Equal(
                (TransactionStatus.Submitted, 0, 0), (state.Status, state.RetryCount, state.Branches[1].Failures));
            Assert.Equal(now + TimeSpan.FromSeconds(10), state.WakeAt);
            now = state.WakeAt!.Value;
            state = Decide(state, TransactionEvent.TimeDue.Instance, now);
        }

        state = Decide(state, new TransactionEvent.BranchAnswered(1, Outcome.Succeeded, TimeSpan.Zero), now);
        Assert.Equal(TransactionStatus.Succeed, state.Status);
    }

    [Fact]
    public void Branches_and_their_payloads_have_a_limit()
    {
        var prepared = Decide(
            null, new TransactionEvent.Prepare(new Submission(Definition(TransactionType.Tcc, 0), [])), Start);
        var large = new byte[20 * 1024 * 1024];
        var state = Decide(prepared, Register("01", large), Start);

        var decision = TransactionMachine.Decide(state, Register("02", large), Start);

        Assert.Equal(RejectionKind.Invalid, decision.Rejection?.Kind);
        Assert.StartsWith("branch_id: ", decision.Rejection!.Message, StringComparison.Ordinal);
        Assert.Same(state, decision.Next);
        Assert.Null(TransactionMachine.Decide(state, Register("01", large), Start).Rejection);
    }

    private static Transaction Decide(Transaction? state, TransactionEvent occurred, DateTimeOffset now)
    {
        var decision = TransactionMachine.Decide(state, occurred, now);
        Assert.Null(decision.Rejection);
        return decision.Next!;
    }

    private static TransactionEvent.Register Register(string id, byte[] payload) => new(
        TransactionType.Tcc,
        BranchPlan.Registered(
            id, [(BranchOps.Cancel, "http://bank/n"), (BranchOps.Confirm, "http://bank/y")], payload, Start),
        BranchStatus.Prepared);

    private static Submission Saga(int retryLimit) => new(
        Definition(TransactionType.Saga, retryLimit),
        BranchPlan.Of(
            TransactionType.Saga,
            [new BranchStep("http://bank/a", "http://bank/c", ReadOnlyMemory<byte>.Empty)],
            Start));

    private static TransactionDefinition Definition(TransactionType type, int retryLimit) => new()
    {
        Gid = "g1",
        Type = type,
        Created = Start,
        Options = new TransactionOptions
        {
            RetryLimit = retryLimit,
            TimeoutToFail = type == TransactionType.Tcc ? TimeSpan.FromSeconds(35) : TimeSpan.Zero,
        },
    };
}
