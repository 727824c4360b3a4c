using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>Each pattern against the real coordinator, once with success and once rolled back.</summary>
public sealed class PatternTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private static readonly TransOptions Waits = new() { WaitResult = true };

    private readonly ServiceProvider _client = coordinator.Client();
    private Participant _bank = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDtm Dtm => _client.Dtm();

    [Fact]
    public async Task A_saga_that_succeeds_carries_its_payloads_to_each_action()
    {
        var result = await Dtm.Saga(new SagaOptions { WaitResult = true })
            .Step(Bank("out"), Bank("out-undo"), new Transfer("A", 30))
            .Step(Bank("in"), Bank("in-undo"), new Transfer("B", 30))
            .SubmitAsync(Cancel);

        Assert.Equal(GlobalStatus.Succeeded, result.EnsureSucceeded().Status);
        Assert.Equal(["/out", "/in"], _bank.Paths);
        Assert.Equal(
            [new("A", 30), new("B", 30)],
            _bank.Calls.Select(call => JsonSerializer.Deserialize<Transfer>(call.Body, new DtmOptions().Json)!));
    }

    [Fact]
    public async Task A_saga_that_is_refused_is_a_result_with_the_reason()
    {
        _bank.On("/in", Reply.Refusal);

        var result = await Dtm.Saga(new SagaOptions { WaitResult = true })
            .Step(Bank("out"), Bank("out-undo"))
            .Step(Bank("in"), Bank("in-undo"))
            .SubmitAndWaitAsync(Poll.Patience, Cancel);

        Assert.Equal((GlobalStatus.Failed, true, false), (result.Status, result.HasEnded, result.Succeeded));
        Assert.Contains("balance too low", result.RollbackReason, StringComparison.Ordinal);
        Assert.Equal(["/out", "/in", "/in-undo", "/out-undo"], _bank.Paths);
        var error = Assert.Throws<TransactionFailedException>(result.EnsureSucceeded);
        Assert.Equal((result.Gid, GlobalStatus.Failed, result.RollbackReason), (error.Gid, error.Status, error.Reason));
    }

    [Fact]
    public async Task A_wait_for_a_saga_that_pauses_tells_that_it_has_not_ended_and_why()
    {
        _bank.On("/out", Reply.Error);
        var options = new SagaOptions { WaitResult = true, RetryInterval = TimeSpan.FromMinutes(5) };

        var result = await Dtm.Saga(options).Step(Bank("out"), "").SubmitAsync(Cancel);

        Assert.Equal((GlobalStatus.Submitted, false), (result.Status, result.HasEnded));
        Assert.Contains("boom", result.LastError, StringComparison.Ordinal);

        // The client can make the pending retry due and wait for the end.
        _bank.On("/out", Reply.Success);
        var waiting = Dtm.WaitForEndAsync(result.Gid, Poll.Patience, Cancel);
        await Dtm.RetryNowAsync(result.Gid, Cancel);
        Assert.True((await waiting).Succeeded);
    }

    [Fact]
    public async Task Of_the_calls_that_wait_one_is_hurried_by_its_name()
    {
        _bank.On("/out", Reply.Error, Reply.Success);
        _bank.On("/in", Reply.Error, Reply.Success);
        var options = new SagaOptions { WaitResult = true, Concurrent = true, RetryInterval = TimeSpan.FromMinutes(5) };
        var gid = (await Dtm.Saga(options).Step(Bank("out"), "").Step(Bank("in"), "").SubmitAsync(Cancel)).Gid;

        await Dtm.RetryBranchAsync(gid, "02", "action", Cancel);
        await Poll.Until(
            () => Task.FromResult(_bank.Paths.Count(static p => p == "/in") == 2),
            Poll.Patience,
            static () => "/in is not called again",
            Cancel);
        Assert.Single(_bank.Paths, static p => p == "/out");
        await Assert.ThrowsAsync<DtmNotFoundException>(() => Dtm.RetryBranchAsync(gid, "03", "action", Cancel));

        await Dtm.RetryBranchAsync(gid, "01", "action", Cancel);
        Assert.True((await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Succeeded);
        await Assert.ThrowsAsync<DtmConflictException>(() => Dtm.RetryBranchAsync(gid, "01", "action", Cancel));
    }

    [Fact]
    public async Task A_prepared_message_goes_out_when_it_is_submitted_and_not_when_it_is_aborted()
    {
        var sent = Dtm.Msg(new MsgOptions { WaitResult = true }).Step(Bank("in"), new Transfer("B", 30));
        await sent.PrepareAsync(Bank("ask"), Cancel);
        Assert.Empty(_bank.Calls);
        Assert.True((await sent.SubmitAsync(Cancel)).Succeeded);
        Assert.Equal("/in", Assert.Single(_bank.Paths));

        var aborted = Dtm.Msg().Step(Bank("never"));
        await aborted.PrepareAsync(Bank("ask"), Cancel);
        await aborted.AbortAsync("changed my mind", Cancel);

        var info = await Dtm.QueryAsync(aborted.Gid, Cancel);
        Assert.Equal((GlobalStatus.Failed, "changed my mind"), (info!.Status, info.RollbackReason));
        Assert.Empty(_bank.On("/never"));
    }

    [Fact]
    public async Task A_TCC_is_confirmed_when_every_try_succeeds_and_gets_their_answers()
    {
        _bank.On("/out/try", new Reply(200, """{"account":"A","amount":30}"""));
        Transfer? answered = null;

        var result = await Dtm.TccAsync(
            async tcc =>
            {
                answered = (await tcc.CallBranchAsync(
                    Bank("out/try"), Bank("out/confirm"), Bank("out/cancel"), new Transfer("A", 30))).Read<Transfer>();
                await tcc.CallBranchAsync(Bank("in/try"), Bank("in/confirm"), Bank("in/cancel"), new Transfer("B", 30));
            },
            Waits,
            Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(new Transfer("A", 30), answered);
        Assert.Equal(["/in/confirm", "/in/try", "/out/confirm", "/out/try"], _bank.Paths.Order());
    }

    [Fact]
    public async Task A_TCC_with_a_refused_try_is_cancelled_and_the_refusal_is_thrown()
    {
        _bank.On("/in/try", Reply.Refusal);
        var gid = "";

        var refusal = await Assert.ThrowsAsync<BranchFailureException>(() => Dtm.TccAsync(
            async tcc =>
            {
                gid = tcc.Gid;
                await tcc.CallBranchAsync(Bank("out/try"), Bank("out/confirm"), Bank("out/cancel"), 30);
                await tcc.CallBranchAsync(Bank("in/try"), Bank("in/confirm"), Bank("in/cancel"), 30);
            },
            Waits,
            Cancel));

        Assert.Equal(gid, refusal.Gid);
        Assert.Contains("balance too low", refusal.Reason, StringComparison.Ordinal);
        var end = await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel);
        Assert.Equal(GlobalStatus.Failed, end.Status);
        Assert.Contains("balance too low", end.RollbackReason, StringComparison.Ordinal);
        Assert.Single(_bank.On("/out/cancel"));
        Assert.Single(_bank.On("/in/cancel"));
        Assert.DoesNotContain("/out/confirm", _bank.Paths);
    }

    [Fact]
    public async Task A_participant_may_add_branches_to_the_TCC_it_is_called_in()
    {
        await using var agency = await Participant.Start(call =>
        {
            if (call.Op == BranchOps.Try)
            {
                var nested = Dtm.JoinTcc(BranchContext.Read(call.Query.GetValueOrDefault), cancellationToken: Cancel);
                nested.CallBranchAsync(Bank("hotel/try"), Bank("hotel/confirm"), Bank("hotel/cancel"), 30)
                    .GetAwaiter()
                    .GetResult();
            }

            return Reply.Success;
        });

        var result = await Dtm.TccAsync(
            tcc => tcc.CallBranchAsync(agency.Url + "/try", agency.Url + "/confirm", agency.Url + "/cancel", 30),
            Waits,
            Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(["/try", "/confirm"], agency.Paths);
        Assert.Equal(
            [("/hotel/try", "0101"), ("/hotel/confirm", "0101")], _bank.Calls.Select(call => (call.Path, call.Branch)));
    }

    [Fact]
    public async Task Branches_called_side_by_side_are_told_apart()
    {
        var result = await Dtm.TccAsync(
            tcc => Task.WhenAll(Enumerable.Range(0, 8).Select(
                i => tcc.CallBranchAsync(Bank("try"), Bank("confirm"), Bank("cancel"), i))), Waits, Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"0{i}"), _bank.On("/try").Select(call => call.Branch).Order());
        Assert.Equal(
            Enumerable.Range(1, 8).Select(i => $"0{i}"), _bank.On("/confirm").Select(call => call.Branch).Order());
    }

    [Fact]
    public async Task Cancelling_during_a_try_cancels_what_was_tried()
    {
        var gate = new Gate();
        _bank.On("/in/try", Reply.Success.After(gate));
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var gid = "";

        var run = Dtm.TccAsync(
            async tcc =>
            {
                gid = tcc.Gid;
                await tcc.CallBranchAsync(Bank("out/try"), Bank("out/confirm"), Bank("out/cancel"), 30);
                await tcc.CallBranchAsync(Bank("in/try"), Bank("in/confirm"), Bank("in/cancel"), 30);
            },
            cancellationToken: impatient.Token);
        await _bank.Called("/in/try");
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        gate.Open();
        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Status);
        Assert.Single(_bank.On("/out/cancel"));
        Assert.Single(_bank.On("/in/cancel"));
    }

    [Fact]
    public async Task A_body_that_ends_well_after_the_cancellation_is_aborted_and_not_left_half_done()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var gid = "";

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Dtm.TccAsync(
            async tcc =>
            {
                gid = tcc.Gid;
                await tcc.CallBranchAsync(Bank("out/try"), Bank("out/confirm"), Bank("out/cancel"), 30);
                await impatient.CancelAsync();
            },
            cancellationToken: impatient.Token));

        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Status);
        Assert.Single(_bank.On("/out/cancel"));
    }

    [Fact]
    public async Task Whatever_the_body_throws_is_thrown_on_after_the_abort()
    {
        var gid = "";
        await Assert.ThrowsAsync<DivideByZeroException>(() => Dtm.XaAsync(
            xa =>
            {
                gid = xa.Gid;
                throw new DivideByZeroException();
            },
            cancellationToken: Cancel));
        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Status);
    }

    [Fact]
    public async Task An_XA_commits_its_branches_or_rolls_all_of_them_back()
    {
        // As XA branches do, the first call registers the URL of the second phase.
        await using var branches = await Participant.Start(call =>
        {
            if (call.Op == BranchOps.Action)
            {
                Dtm.RegisterXaBranchAsync(BranchContext.Read(call.Query.GetValueOrDefault), Cancel)
                    .GetAwaiter()
                    .GetResult();
            }

            return call is { Op: BranchOps.Action, Path: "/refuses" } ? Reply.Refusal : Reply.Success;
        });

        var done = await Dtm.XaAsync(
            async xa =>
            {
                await xa.CallBranchAsync(branches.Url + "/a", 30);
                await xa.CallBranchAsync(branches.Url + "/b", 30);
            },
            Waits,
            Cancel);
        Assert.True(done.Succeeded);
        Assert.Equal(
            [("/a", "action"), ("/a", "commit"), ("/b", "action"), ("/b", "commit")],
            branches.Calls.Select(call => (call.Path, call.Op)).Order());

        var gid = "";
        await Assert.ThrowsAsync<BranchFailureException>(() => Dtm.XaAsync(
            async xa =>
            {
                gid = xa.Gid;
                await xa.CallBranchAsync(branches.Url + "/c", 30);
                await xa.CallBranchAsync(branches.Url + "/refuses", 30);
            },
            cancellationToken: Cancel));
        Assert.Equal(GlobalStatus.Failed, (await Dtm.WaitForEndAsync(gid, Poll.Patience, Cancel)).Status);
        Assert.Equal(["action", "rollback"], branches.On("/c").Select(call => call.Op));
        Assert.Equal(["action", "rollback"], branches.On("/refuses").Select(call => call.Op));
    }

    [Fact]
    public async Task Subscribers_of_a_topic_get_each_message_until_they_leave()
    {
        var topic = "paid-" + Guid.NewGuid().ToString("N");
        await Dtm.SubscribeAsync(topic, Bank("stock"), "the stock", Cancel);
        await Dtm.SubscribeAsync(topic, Bank("mail"), cancellationToken: Cancel);
        Assert.Equal(
            [new(Bank("stock"), "the stock"), new(Bank("mail"), "")], await Dtm.SubscribersAsync(topic, Cancel));
        await Assert.ThrowsAsync<DtmConflictException>(
            () => Dtm.SubscribeAsync(topic, Bank("mail"), cancellationToken: Cancel));

        Assert.True((await Dtm.Msg(new MsgOptions { WaitResult = true })
            .Topic(topic, new Transfer("B", 30))
            .SubmitAsync(Cancel)).Succeeded);
        Assert.Equal(["/mail", "/stock"], _bank.Paths.Order());

        await Dtm.UnsubscribeAsync(topic, Bank("mail"), Cancel);
        Assert.True((await Dtm.Msg(new MsgOptions { WaitResult = true })
            .Topic(topic, new Transfer("B", 30))
            .SubmitAsync(Cancel)).Succeeded);
        Assert.Equal((2, 1), (_bank.On("/stock").Count, _bank.On("/mail").Count));

        await Dtm.DeleteTopicAsync(topic, Cancel);
        Assert.Empty(await Dtm.SubscribersAsync(topic, Cancel));
        await Assert.ThrowsAsync<DtmNotFoundException>(() => Dtm.DeleteTopicAsync(topic, Cancel));
    }

    public async ValueTask InitializeAsync() => _bank = await Participant.Start();

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _bank.DisposeAsync();
    }

    private string Bank(string path) => $"{_bank.Url}/{path}";

    private sealed record Transfer(string Account, int Amount);
}
