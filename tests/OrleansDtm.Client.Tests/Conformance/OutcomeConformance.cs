using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>The outcomes of transactions of each pattern, with and without waiting.</summary>
public abstract class OutcomeConformance(RunningCoordinator coordinator) : Conformance(coordinator)
{
    private static readonly TransOptions Waits = new() { WaitResult = true };

    [Fact]
    public async Task A_saga_that_is_waited_for_has_succeeded()
    {
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true }).Step(Url("out"), Url("out-undo"), 30);

        Assert.Equal(new TransactionResult(saga.Gid, GlobalStatus.Succeeded), await saga.SubmitAsync(Cancel));
        Assert.Equal(new TransactionResult(saga.Gid, GlobalStatus.Succeeded),
            await Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel));
    }

    [Theory]
    [InlineData("""{"error":"balance too low"}""")]
    [InlineData("""{"error":"zu wenig Geld: 5 € ← 余额不足 %41"}""")]
    [InlineData("LONG")]
    public async Task A_rollback_is_a_result_with_the_whole_reason(string answer)
    {
        answer = answer == "LONG" ? new string('余', 2000) : answer;
        Bank.On("/in", new Reply(409, answer));
        var saga = Dtm.Saga(new SagaOptions { WaitResult = true })
            .Step(Url("out"), Url("out-undo")).Step(Url("in"), "");

        var result = await saga.SubmitAsync(Cancel);

        var info = (await Dtm.QueryAsync(saga.Gid, Cancel))!;
        Assert.Equal(new TransactionResult(saga.Gid, GlobalStatus.Failed, info.RollbackReason), result);
        Assert.Contains(answer[..20], result.RollbackReason, StringComparison.Ordinal);
        Assert.Equal(result, await Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel));
        Assert.Equal(["/out", "/in", "/out-undo"], Bank.Paths);
        var error = Assert.Throws<TransactionFailedException>(result.EnsureSucceeded);
        Assert.Equal((saga.Gid, GlobalStatus.Failed, result.RollbackReason), (error.Gid, error.Status, error.Reason));
    }

    [Fact]
    public async Task A_rollback_that_is_not_done_yet_is_a_result_too()
    {
        Bank.On("/in", Reply.Refusal);
        Bank.On("/out-undo", Reply.Error);
        var options = new SagaOptions { WaitResult = true, RetryInterval = TimeSpan.FromMinutes(5) };

        var result = await Dtm.Saga(options).Step(Url("out"), Url("out-undo")).Step(Url("in"), "").SubmitAsync(Cancel);

        Assert.Equal((GlobalStatus.Aborting, false), (result.Status, result.HasEnded));
        Assert.Contains("balance too low", result.RollbackReason, StringComparison.Ordinal);
        Assert.Contains("boom", result.LastError, StringComparison.Ordinal);
        await Dtm.ForceStopAsync(result.Gid, Cancel);
    }

    [Fact]
    public async Task A_saga_that_pauses_has_not_ended_and_says_why()
    {
        Bank.On("/out", Reply.Error);
        var options = new SagaOptions { WaitResult = true, RetryInterval = TimeSpan.FromMinutes(5) };

        var result = await Dtm.Saga(options).Step(Url("out"), "").SubmitAsync(Cancel);

        Assert.Equal((GlobalStatus.Submitted, false, ""), (result.Status, result.HasEnded, result.RollbackReason));
        Assert.Contains("boom", result.LastError, StringComparison.Ordinal);
        Bank.On("/out", Reply.Success);
        var waiting = Dtm.WaitForEndAsync(result.Gid, Poll.Patience, Cancel);
        await Dtm.RetryNowAsync(result.Gid, Cancel);
        Assert.True((await waiting).Succeeded);
    }

    [Fact]
    public async Task A_wait_goes_on_through_retries_to_either_end()
    {
        Bank.On("/out", Reply.Error, Reply.Success);
        Bank.On("/in", Reply.Error, Reply.Refusal);
        var options = new SagaOptions { RetryInterval = TimeSpan.FromMilliseconds(50) };

        Assert.True((await Dtm.Saga(options).Step(Url("out"), "").SubmitAndWaitAsync(Poll.Patience, Cancel)).Succeeded);
        var back = await Dtm.Saga(options).Step(Url("in"), "").SubmitAndWaitAsync(Poll.Patience, Cancel);

        Assert.Equal(GlobalStatus.Failed, back.Status);
        Assert.Contains("balance too low", back.RollbackReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_not_ended_in_time_goes_on()
    {
        Bank.On("/out", Reply.Ongoing);
        var saga = Dtm.Saga(new SagaOptions { RetryInterval = TimeSpan.FromMinutes(5) }).Step(Url("out"), "");

        var late = await Assert.ThrowsAsync<TimeoutException>(
            () => saga.SubmitAndWaitAsync(TimeSpan.FromMilliseconds(100), Cancel));

        Assert.Contains(saga.Gid, late.Message, StringComparison.Ordinal);
        await Bank.Called("/out"); // On a slow machine the time may end before the submit is stored.
        Assert.Equal(GlobalStatus.Submitted, (await Dtm.QueryAsync(saga.Gid, Cancel))!.Status);
        await Dtm.ForceStopAsync(saga.Gid, Cancel);
        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel)).Status);
    }

    [Fact]
    public async Task A_waiting_submit_that_is_said_again_gets_the_same_result()
    {
        Bank.On("/in", Reply.Refusal);
        var done = Dtm.Saga(new SagaOptions { WaitResult = true }).Step("", "");
        var back = Dtm.Saga(new SagaOptions { WaitResult = true }).Step(Url("in"), "");

        Assert.Equal(await done.SubmitAsync(Cancel), await done.SubmitAsync(Cancel));
        Assert.Equal(await back.SubmitAsync(Cancel), await back.SubmitAsync(Cancel));
    }

    [Fact]
    public async Task A_message_goes_out_when_it_is_submitted_and_not_when_it_is_aborted()
    {
        var sent = Dtm.Msg(new MsgOptions { WaitResult = true }).Step(Url("in"), 30);
        await sent.PrepareAsync(Url("ask"), Cancel);
        Assert.Empty(Bank.Calls);
        Assert.Equal(new TransactionResult(sent.Gid, GlobalStatus.Succeeded), await sent.SubmitAsync(Cancel));

        var aborted = Dtm.Msg().Step(Url("never"));
        await aborted.PrepareAsync(Url("ask"), Cancel);
        await aborted.AbortAsync("changed my mind", Cancel);
        Assert.Equal(
            new TransactionResult(aborted.Gid, GlobalStatus.Failed, "changed my mind"),
            await Dtm.WaitForEndAsync(aborted.Gid, Poll.Patience, Cancel));
        Assert.Empty(Bank.On("/never"));
    }

    [Fact]
    public async Task The_calls_of_a_concurrent_message_are_side_by_side()
    {
        var gate = new Gate();
        Bank.On("/a", Reply.Success.After(gate));
        Bank.On("/b", Reply.Success.After(gate));

        var submit = Dtm.Msg(new MsgOptions { WaitResult = true, Concurrent = true })
            .Step(Url("a")).Step(Url("b")).SubmitAsync(Cancel);

        await Bank.Called("/a");
        await Bank.Called("/b");
        gate.Open();
        Assert.True((await submit).Succeeded);
    }

    [Fact]
    public async Task The_callback_is_told_the_end()
    {
        await Dtm.Saga(new SagaOptions { CallbackUrl = Url("ended") }).Step("", "").SubmitAsync(Cancel);
        Assert.Contains("succeed", (await Bank.Called("/ended")).Body, StringComparison.Ordinal);

        var msg = Dtm.Msg(new MsgOptions { CallbackUrl = Url("prepared-ended") }).Step("");
        await msg.PrepareAsync(Url("ask"), Cancel);
        await msg.SubmitAsync(Cancel);
        Assert.Contains(msg.Gid, (await Bank.Called("/prepared-ended")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_of_seconds_arrive()
    {
        var saga = Dtm.Saga(new SagaOptions { RetryInterval = TimeSpan.FromMilliseconds(1300) }).Step("", "");
        await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        using var http = new HttpClient { BaseAddress = Coordinator.Url };
        Assert.Contains(
            "\"next_cron_interval\":1.3",
            await http.GetStringAsync($"/api/dtmsvr/query?gid={saga.Gid}", Cancel),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_TCC_is_confirmed_or_cancelled()
    {
        var done = await Dtm.TccAsync(
            tcc => tcc.CallBranchAsync(Url("try"), Url("confirm"), Url("cancel"), 30), Waits, Cancel);
        Assert.Equal(new TransactionResult(done.Gid, GlobalStatus.Succeeded), done);

        Bank.On("/no", Reply.Refusal);
        var refusal = await Assert.ThrowsAsync<BranchFailureException>(
            () => Dtm.TccAsync(tcc =>
                tcc.CallBranchAsync(Url("no"), Url("confirm"), Url("cancel"), 30), Waits, Cancel));
        var end = await Dtm.WaitForEndAsync(refusal.Gid!, Poll.Patience, Cancel);
        Assert.Equal(new TransactionResult(refusal.Gid!, GlobalStatus.Failed, refusal.Reason!), end);
        Assert.Equal(["/try", "/confirm", "/no", "/cancel"], Bank.Paths);
    }

    [Fact]
    public async Task An_XA_commits_or_rolls_back()
    {
        await using var branches = await Participant.Start(call =>
        {
            if (call.Op == BranchOps.Action)
            {
                Dtm.RegisterXaBranchAsync(BranchContext.Read(call.Query.GetValueOrDefault), Cancel)
                    .GetAwaiter().GetResult();
            }

            return call is { Op: BranchOps.Action, Path: "/refuses" } ? Reply.Refusal : Reply.Success;
        });

        var done = await Dtm.XaAsync(xa => xa.CallBranchAsync(branches.Url + "/a", 30), Waits, Cancel);
        Assert.Equal(new TransactionResult(done.Gid, GlobalStatus.Succeeded), done);

        var refusal = await Assert.ThrowsAsync<BranchFailureException>(
            () => Dtm.XaAsync(xa => xa.CallBranchAsync(branches.Url + "/refuses", 30), Waits, Cancel));
        Assert.Equal(
            new TransactionResult(refusal.Gid!, GlobalStatus.Failed, refusal.Reason!),
            await Dtm.WaitForEndAsync(refusal.Gid!, Poll.Patience, Cancel));
        Assert.Equal(["action", "commit", "action", "rollback"], branches.Calls.Select(static call => call.Op));
    }

    [Fact]
    public async Task A_workflow_ends_once_and_its_first_name_and_input_count()
    {
        var options = new TransOptions { Gid = Guid.NewGuid().ToString("N"), CallbackUrl = Url("ended") };
        Assert.Equal("first",
            (await Dtm.WorkflowAsync(WorkflowName, "first", options, Cancel)).EnsureSucceeded().Read<string>());
        Assert.Contains(options.Gid, (await Bank.Called("/ended")).Body, StringComparison.Ordinal);
        Assert.Equal("first", (await Dtm.WorkflowAsync(WorkflowName, "second", options, Cancel)).Read<string>());
        Assert.Equal(GlobalStatus.Succeeded, (await Dtm.WaitForEndAsync(options.Gid, Poll.Patience, Cancel)).Status);

        var other = await Assert.ThrowsAsync<DtmConflictException>(
            () => Dtm.WorkflowAsync(OtherWorkflowName, "first", options, Cancel));
        Assert.Equal(options.Gid, other.Gid);

        var back = await Dtm.WorkflowAsync(WorkflowName, "refuse", new TransOptions(), Cancel);
        Assert.Equal((GlobalStatus.Failed, "not today"), (back.Status, back.RollbackReason));
        Assert.Equal(
            new TransactionResult(back.Gid, GlobalStatus.Failed, "not today"),
            await Dtm.WaitForEndAsync(back.Gid, Poll.Patience, Cancel));
    }
}
