using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Client.Tests.AspNetCore;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>A message and its local transaction: both happen or neither, whatever is lost in between.</summary>
public sealed class OutboxTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private readonly Faults _faults = new();
    private Ledger _ledger = null!;
    private Participant _bank = null!;
    private BranchApp _app = null!;
    private ServiceProvider _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Ask => _app.Url + "/ask";

    [Fact]
    public async Task What_is_committed_is_sent_and_saying_it_again_does_it_once()
    {
        var options = new MsgOptions { Gid = Guid.NewGuid().ToString("N"), WaitResult = true };

        Assert.True((await DoAndSubmit(Message(options))).Succeeded);
        var again = await Assert.ThrowsAsync<DtmConflictException>(() => DoAndSubmit(Message(options)));

        Assert.Equal(GlobalStatus.Succeeded, again.Status);
        Assert.Single(_bank.Calls);
        Assert.Equal(70, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task A_business_that_throws_is_rolled_back_and_its_message_aborted()
    {
        var msg = Message();

        await Assert.ThrowsAsync<DivideByZeroException>(
            () => DoAndSubmit(msg, after: () => throw new DivideByZeroException()));

        Assert.Equal(GlobalStatus.Failed, (await _client.Dtm().QueryAsync(msg.Gid, Cancel))!.Status);
        Assert.Equal(100, await _ledger.Balance("A"));
        Assert.Empty(_bank.Calls);
    }

    [Fact]
    public async Task What_was_aborted_cannot_commit_any_more_even_if_there_is_nobody_to_ask()
    {
        var msg = Message();
        await using var connection = _ledger.Connect();

        await Assert.ThrowsAsync<DivideByZeroException>(() => msg.DoAndSubmitAsync(
            "http://127.0.0.1:1/ask", connection, _ => throw new DivideByZeroException(), Cancel));

        await AssertRuledOut(msg);
    }

    [Fact]
    public async Task A_local_transaction_that_says_it_failed_cannot_commit_any_more()
    {
        var msg = Message();

        await Assert.ThrowsAsync<BranchFailureException>(
            () => msg.DoAndSubmitAsync(Ask, _ => throw new BranchFailureException("sold out"), Cancel));

        await AssertRuledOut(msg);
    }

    [Fact]
    public async Task What_another_attempt_has_committed_is_sent_though_this_one_failed()
    {
        var msg = Message(new MsgOptions { WaitResult = true });

        var result = await msg.DoAndSubmitAsync(
            Ask,
            async _ =>
            {
                await using var connection = _ledger.Connect();
                await BranchBarrier.ForMessage(msg.Gid).CallAsync(connection, Take, Cancel);
                throw new BranchFailureException("sold out");
            },
            Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(70, await _ledger.Balance("A"));
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task Cancelling_the_wait_for_the_result_does_not_keep_the_message_from_going()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var msg = Message(new MsgOptions { WaitResult = true, TimeoutToFail = TimeSpan.FromMinutes(10) });
        _faults.CancelAtSubmit = impatient;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DoAndSubmit(msg, cancel: impatient.Token));

        Assert.True((await _client.Dtm().WaitForEndAsync(msg.Gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task A_question_that_fails_in_any_way_hides_not_why_it_came_up()
    {
        await using var client = coordinator.Client(add: services =>
            services.AddHttpClient(DtmHttpClients.Branches).AddHttpMessageHandler(() => new Rejecting(_ => true)));
        var msg = client.Dtm().Msg().Step(_bank.Url + "/in", 30);

        await Assert.ThrowsAsync<IOException>(
            () => msg.DoAndSubmitAsync(Ask, _ => throw new IOException("the connection broke"), Cancel));

        // The result of the commit is unknown, so the coordinator's query must decide.
        Assert.Equal(GlobalStatus.Prepared, (await client.Dtm().QueryAsync(msg.Gid, Cancel))!.Status);
    }

    [Fact]
    public async Task Cancelling_the_business_rolls_back_and_aborts()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var msg = Message();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DoAndSubmit(
            msg,
            after: () =>
            {
                impatient.Cancel();
                impatient.Token.ThrowIfCancellationRequested();
            },
            impatient.Token));

        Assert.Equal(GlobalStatus.Failed, (await _client.Dtm().QueryAsync(msg.Gid, Cancel))!.Status);
        Assert.Equal(100, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task Cancelling_after_the_commit_does_not_keep_the_message_from_going()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var msg = Message();

        await msg.DoAndSubmitAsync(
            Ask,
            async barrier =>
            {
                await using var connection = _ledger.Connect();
                await barrier.CallAsync(connection, Take, Cancel);
                await impatient.CancelAsync();
            },
            impatient.Token);

        Assert.True((await _client.Dtm().WaitForEndAsync(msg.Gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task A_commit_whose_answer_gets_lost_is_found_out_and_the_message_goes()
    {
        var msg = Message(new MsgOptions { WaitResult = true });

        var result = await msg.DoAndSubmitAsync(
            Ask,
            async barrier =>
            {
                await using var connection = _ledger.Connect();
                await barrier.CallAsync(connection, Take, Cancel);
                throw new IOException("the answer of the commit got lost");
            },
            Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(70, await _ledger.Balance("A"));
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task An_unclear_failure_without_a_commit_is_found_out_and_aborted()
    {
        var msg = Message();

        await Assert.ThrowsAsync<IOException>(
            () => msg.DoAndSubmitAsync(Ask, _ => throw new IOException("the connection broke"), Cancel));

        Assert.Equal(GlobalStatus.Failed, (await _client.Dtm().QueryAsync(msg.Gid, Cancel))!.Status);
        Assert.Empty(_bank.Calls);
    }

    [Fact]
    public async Task A_submit_that_does_not_arrive_is_made_good_by_the_coordinators_question()
    {
        var msg = Message(new MsgOptions { TimeoutToFail = TimeSpan.FromMilliseconds(200) });
        _faults.Lose = "/submit";

        var lost = await Assert.ThrowsAsync<DtmUnavailableException>(() => DoAndSubmit(msg));

        Assert.Equal(msg.Gid, lost.Gid);
        _faults.Lose = null;
        Assert.True((await _client.Dtm().WaitForEndAsync(msg.Gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(70, await _ledger.Balance("A"));
        Assert.Single(_bank.Calls);
    }

    [Fact]
    public async Task A_business_that_comes_after_the_coordinators_question_is_not_done_any_more()
    {
        var msg = Message(new MsgOptions { TimeoutToFail = TimeSpan.FromMilliseconds(100) });
        await msg.PrepareAsync(Ask, Cancel);
        Assert.Equal(GlobalStatus.Failed, (await _client.Dtm().WaitForEndAsync(msg.Gid, Poll.Patience, Cancel)).Status);

        var late = await Assert.ThrowsAsync<DtmConflictException>(() => DoAndSubmit(msg));

        Assert.Equal((msg.Gid, GlobalStatus.Failed), (late.Gid, late.Status));
        Assert.Equal(100, await _ledger.Balance("A"));
        Assert.Empty(_bank.Calls);
    }

    [Fact]
    public async Task Without_a_coordinator_the_business_does_not_run()
    {
        _faults.Lose = "/prepare";
        await Assert.ThrowsAsync<DtmUnavailableException>(() => DoAndSubmit(Message()));
        Assert.Equal(100, await _ledger.Balance("A"));
    }

    public async ValueTask InitializeAsync()
    {
        _ledger = await Ledger.Create();
        _bank = await Participant.Start();
        _app = await BranchApp.Start(_ledger, static app => app.MapQueryPrepared("/ask"));
        _client = coordinator.Client(add: services =>
            services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(() => new Losing(_faults)));
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _app.DisposeAsync();
        await _bank.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    private static async Task Take(DbTransaction transaction)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "update account set balance = balance - 30 where name = 'A'";
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private async Task AssertRuledOut(Msg msg)
    {
        Assert.Equal(GlobalStatus.Failed, (await _client.Dtm().QueryAsync(msg.Gid, Cancel))!.Status);
        await using var late = _ledger.Connect();
        await Assert.ThrowsAsync<DtmConflictException>(
            () => BranchBarrier.ForMessage(msg.Gid).CallAsync(late, Take, Cancel));
        Assert.Equal(100, await _ledger.Balance("A"));
        Assert.Empty(_bank.Calls);
    }

    private Msg Message(MsgOptions? options = null) => _client.Dtm().Msg(options).Step(_bank.Url + "/in", 30);

    private async Task<TransactionResult> DoAndSubmit(Msg msg, Action? after = null, CancellationToken? cancel = null)
    {
        await using var connection = _ledger.Connect();
        return await msg.DoAndSubmitAsync(
            Ask,
            connection,
            async transaction =>
            {
                await Take(transaction);
                after?.Invoke();
            },
            cancel ?? Cancel);
    }

    private sealed class Faults
    {
        public string? Lose { get; set; }

        public CancellationTokenSource? CancelAtSubmit { get; set; }
    }

    /// <summary>Loses requests and responses between client and coordinator.</summary>
    private sealed class Losing(Faults faults) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            if (faults.Lose is { } api && path.EndsWith(api, StringComparison.Ordinal))
            {
                throw new HttpRequestException("lost on the way");
            }

            if (path.EndsWith("/submit", StringComparison.Ordinal))
            {
                faults.CancelAtSubmit?.Cancel();
                cancellationToken.ThrowIfCancellationRequested();
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
