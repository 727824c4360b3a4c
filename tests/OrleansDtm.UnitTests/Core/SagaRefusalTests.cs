using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The requests that each status of a saga accepts, and the texts of rejections.</summary>
public sealed class SagaRefusalTests
{
    private const string Finished = "nothing is left to retry. FAILURE";

    [Theory]
    [InlineData("prepared", "submit", null)]
    [InlineData("submitted", "submit", null)]
    [InlineData("aborting", "submit", "current status 'aborting', cannot sumbmit. FAILURE")]
    [InlineData("succeed", "submit", "current status 'succeed', cannot sumbmit. FAILURE")]
    [InlineData("failed", "submit", "current status 'failed', cannot sumbmit. FAILURE")]
    [InlineData("prepared", "prepare", null)]
    [InlineData("submitted", "prepare", "current status 'submitted', cannot prepare. FAILURE")]
    [InlineData("aborting", "prepare", "current status 'aborting', cannot prepare. FAILURE")]
    [InlineData("succeed", "prepare", "current status 'succeed', cannot prepare. FAILURE")]
    [InlineData("failed", "prepare", "current status 'failed', cannot prepare. FAILURE")]
    [InlineData("prepared", "abort", "trans type: 'saga' current status 'prepared', cannot abort. FAILURE")]
    [InlineData("submitted", "abort", "trans type: 'saga' current status 'submitted', cannot abort. FAILURE")]
    [InlineData("aborting", "abort", "trans type: 'saga' current status 'aborting', cannot abort. FAILURE")]
    [InlineData("succeed", "abort", "trans type: 'saga' current status 'succeed', cannot abort. FAILURE")]
    [InlineData("failed", "abort", "trans type: 'saga' current status 'failed', cannot abort. FAILURE")]
    [InlineData("prepared", "register", "a saga takes no further branches. FAILURE")]
    [InlineData("submitted", "register", "a saga takes no further branches. FAILURE")]
    [InlineData("aborting", "register", "a saga takes no further branches. FAILURE")]
    [InlineData("succeed", "register", "a saga takes no further branches. FAILURE")]
    [InlineData("failed", "register", "a saga takes no further branches. FAILURE")]
    [InlineData("prepared", "retry", null)]
    [InlineData("submitted", "retry", null)]
    [InlineData("aborting", "retry", null)]
    [InlineData("succeed", "retry", "current status 'succeed', " + Finished)]
    [InlineData("failed", "retry", "current status 'failed', " + Finished)]
    [InlineData("prepared", "stop", null)]
    [InlineData("submitted", "stop", null)]
    [InlineData("aborting", "stop", null)]
    [InlineData("succeed", "stop", "global transaction force stop error. status: succeed. error: FAILURE")]
    [InlineData("failed", "stop", "global transaction force stop error. status: failed. error: FAILURE")]
    [InlineData("prepared", "submit as msg", "gid belongs to a saga already. FAILURE")]
    [InlineData("submitted", "submit as msg", "gid belongs to a saga already. FAILURE")]
    [InlineData("failed", "prepare as msg", "gid belongs to a saga already. FAILURE")]
    public void A_request_is_accepted_or_refused_by_status(string status, string request, string? refusal)
    {
        var (state, submission) = In(status);

        var decision = TransactionMachine.Decide(state, Event(request, submission), SagaRun.Start);

        Assert.Equal(refusal, decision.Rejection?.Message);
        if (refusal is not null)
        {
            Assert.Equal(RejectionKind.Conflict, decision.Rejection!.Kind);
            Assert.Same(state, decision.Next);
            Assert.Empty(decision.Calls);
        }
    }

    [Theory]
    [InlineData("prepared", "prepare")]
    [InlineData("prepared", "retry")]
    [InlineData("submitted", "submit")]
    [InlineData("submitted", "retry")]
    [InlineData("aborting", "retry")]
    public void A_request_that_changes_nothing_writes_nothing(string status, string request)
    {
        var (state, submission) = In(status);

        var decision = TransactionMachine.Decide(state, Event(request, submission), SagaRun.Start.AddHours(1));

        Assert.Same(state, decision.Next);
        Assert.Empty(decision.Calls);
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("retry")]
    [InlineData("stop")]
    [InlineData("due")]
    [InlineData("crash")]
    [InlineData("answer")]
    public void Without_a_submit_there_is_no_saga_to_speak_of(string request)
    {
        var decision = TransactionMachine.Decide(null, Event(request, new SagaRun("1").Submission), SagaRun.Start);

        Assert.Equal(new Rejection(RejectionKind.NotFound, "no such gid"), decision.Rejection);
        Assert.Null(decision.Next);
        Assert.Empty(decision.Calls);
    }

    [Fact]
    public void A_branch_that_comes_too_late_is_told_so_whether_its_transaction_has_ended_or_never_was() =>
        Assert.Equal(
            RejectionKind.Conflict,
            TransactionMachine.Decide(
                null, Event("register", new SagaRun("1").Submission), SagaRun.Start).Rejection?.Kind);

    [Fact]
    public void A_saga_cannot_be_prepared()
    {
        var decision = TransactionMachine.Decide(null, Event("prepare", new SagaRun("1").Submission), SagaRun.Start);

        Assert.Equal(
            new Rejection(RejectionKind.Invalid, "trans_type: a saga cannot be prepared, only submitted"),
            decision.Rejection);
        Assert.Null(decision.Next);
    }

    [Theory]
    [InlineData("prepared", "stopped by force, without compensation")]
    [InlineData("submitted", "stopped by force, without compensation")]
    [InlineData(
        "aborting",
        "stopped by force, without compensation; before: url:http://bank/a0 return failed: no FAILURE")]
    public void Force_stop_ends_every_unfinished_status_and_keeps_an_earlier_reason(string status, string reason)
    {
        var (state, submission) = In(status);

        var stopped = TransactionMachine.Decide(state, Event("stop", submission), SagaRun.Start.AddSeconds(9)).Next!;

        Assert.Equal(TransactionStatus.Failed, stopped.Status);
        Assert.Equal(reason, stopped.RollbackReason);
        Assert.Equal(SagaRun.Start.AddSeconds(9), stopped.Finished);
        Assert.Null(stopped.Due);
        Assert.False(stopped.HasInFlight);
    }

    private static (Transaction State, Submission Submission) In(string status)
    {
        var run = new SagaRun("2");
        run.Play(status switch
        {
            "aborting" => "submit:; a0-:",
            "succeed" => "submit:; a0+:; a1+:",
            "failed" => "submit:; a0-:; c0+:",
            _ => "submit:",
        });

        // No event leads a saga to "prepared", where the rules of every pattern apply.
        var fresh = new Transaction
        {
            Definition = run.Submission.Definition,
            Branches = [.. run.Submission.Branches.Select(static b => new BranchOp { Definition = b })],
            Status = TransactionStatus.Prepared,
            Updated = SagaRun.Start,
        };
        var state = status == "prepared" ? fresh : run.State;
        Assert.Equal(status, Names.Of(state.Status));
        return (state, run.Submission);
    }

    private static TransactionEvent Event(string request, Submission submission)
    {
        var msg = submission with { Definition = submission.Definition with { Type = TransactionType.Msg } };
        return request switch
        {
            "submit" => new TransactionEvent.Submit(submission),
            "submit as msg" => new TransactionEvent.Submit(msg),
            "prepare" => new TransactionEvent.Prepare(submission),
            "prepare as msg" => new TransactionEvent.Prepare(msg),
            "abort" => new TransactionEvent.Abort(TransactionType.Saga, "changed my mind"),
            "register" => new TransactionEvent.Register(
                TransactionType.Saga, submission.Branches, BranchStatus.Prepared),
            "retry" => TransactionEvent.RetryNow.Instance,
            "stop" => new TransactionEvent.ForceStop(""),
            "due" => TransactionEvent.TimeDue.Instance,
            "crash" => new TransactionEvent.Resumed([]),
            "answer" => new TransactionEvent.BranchAnswered(1, Outcome.Succeeded, TimeSpan.Zero),
            _ => throw new ArgumentOutOfRangeException(nameof(request), request, "Unknown request."),
        };
    }
}
