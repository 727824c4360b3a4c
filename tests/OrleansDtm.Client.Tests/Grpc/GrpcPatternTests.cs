using System.Data.Common;
using Google.Protobuf;
using Grpc.Core;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Client.Tests.AspNetCore;
using OrleansDtm.Client.Tests.Grpc.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>Each pattern over gRPC end to end: initiator, coordinator, services behind the interceptor.</summary>
public sealed class GrpcPatternTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private static readonly byte[] Note = [0, 255, 128, 10];
    private Ledger _ledger = null!;
    private GrpcApp _app = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saga_moves_the_money_once_and_its_messages_arrive_byte_for_byte()
    {
        var options = new SagaOptions
        {
            WaitResult = true,
            BranchHeaders = new Dictionary<string, string> { ["x-tenant"] = "north" },
        };

        var result = await _app.Dtm.Saga(options)
            .Step(_app.Branch("Transfer"), _app.Branch("TransferUndo"), Move("A", -30))
            .Step(_app.Branch("Transfer"), _app.Branch("TransferUndo"), Move("B", 30))
            .SubmitAsync(Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal((70, 130), (await _ledger.Balance("A"), await _ledger.Balance("B")));
        Assert.Equal(["Transfer 01 action", "Transfer 02 action"], _app.Bank.Calls);
        Assert.Equal(Note, _app.Bank.Note);
        Assert.Equal("north", _app.Bank.Header);
    }

    [Fact]
    public async Task A_refusal_in_a_status_rolls_a_saga_back_with_its_reason()
    {
        var result = await _app.Dtm.Saga(new SagaOptions { WaitResult = true })
            .Step(_app.Branch("Transfer"), _app.Branch("TransferUndo"), Move("A", 30))
            .Step(_app.Branch("Transfer"), _app.Branch("TransferUndo"), Move("B", -3000))
            .SubmitAndWaitAsync(Poll.Patience, Cancel);

        Assert.Equal(GlobalStatus.Failed, result.Status);
        Assert.Contains("balance too low", result.RollbackReason, StringComparison.Ordinal);
        Assert.Equal((100, 100), (await _ledger.Balance("A"), await _ledger.Balance("B")));
        // The rejected transfer left no barrier row, so the barrier skipped its compensation.
        Assert.Equal(["Transfer 01 action", "Transfer 02 action", "TransferUndo 01 compensate"], _app.Bank.Calls);
    }

    [Fact]
    public async Task What_is_ongoing_or_in_trouble_is_asked_again_and_leaves_nothing_behind_meanwhile()
    {
        _app.Bank.On("A", new Status(StatusCode.FailedPrecondition, "at it"), new Status(StatusCode.Internal, "boom"));

        var result = await _app.Dtm.Saga()
            .Step(_app.Branch("Transfer"), _app.Branch("TransferUndo"), Move("A", 30))
            .SubmitAndWaitAsync(Poll.Patience, Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal((3, 130), (_app.Bank.Calls.Count, await _ledger.Balance("A")));
    }

    [Fact]
    public async Task The_barrier_keeps_a_repeated_call_and_a_compensation_without_its_action_from_taking_effect()
    {
        var gid = Guid.NewGuid().ToString("N");
        Assert.Equal(130, (await _app.Client().TransferAsync(
            Move("A", 30), Identity(gid, "01", "action"), cancellationToken: Cancel)).Balance);
        Assert.Equal(0, (await _app.Client().TransferAsync(
            Move("A", 30), Identity(gid, "01", "action"), cancellationToken: Cancel)).Balance);
        await _app.Client().TransferUndoAsync(
            Move("A", 30), Identity(gid, "02", "compensate"), cancellationToken: Cancel);
        await _app.Client().TransferAsync(Move("A", 30), Identity(gid, "02", "action"), cancellationToken: Cancel);

        Assert.Equal(130, await _ledger.Balance("A"));
        Assert.Equal(["Transfer 01 action"], _app.Bank.Calls);
    }

    [Fact]
    public async Task A_call_without_an_identity_is_turned_away_from_branches_only()
    {
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await _app.Client().TransferAsync(Move("A", 30), cancellationToken: Cancel));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal(100, await _ledger.Balance("A"));
        Assert.Equal(1, (await _app.Client().AskAsync(Move("A", 30), cancellationToken: Cancel)).Balance);
    }

    [Fact]
    public async Task Exceptions_of_a_branch_become_the_statuses_that_coordinators_know()
    {
        var gid = Guid.NewGuid().ToString("N");
        Assert.Equal((StatusCode.Aborted, "not today"), await Status("refused"));
        Assert.Equal((StatusCode.FailedPrecondition, "come again"), await Status("ongoing"));

        async Task<(StatusCode, string)> Status(string account)
        {
            var error = await Assert.ThrowsAsync<RpcException>(
                async () => await _app.Client().PlainAsync(
                    Move(account, 1), Identity(gid, "01", "action"), cancellationToken: Cancel));
            return (error.StatusCode, error.Status.Detail);
        }
    }

    [Fact]
    public async Task A_status_that_is_set_and_not_thrown_leaves_nothing_behind_either()
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _app.Client().TransferAsync(
            Move("A", 13), Identity(Guid.NewGuid().ToString("N"), "01", "action"), cancellationToken: Cancel));

        Assert.Equal((StatusCode.Aborted, "an unlucky number"), (error.StatusCode, error.Status.Detail));
        Assert.Equal(100, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task The_question_about_a_message_is_not_answered_by_a_branch_with_a_barrier()
    {
        var gid = Guid.NewGuid().ToString("N");
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await _app.Client().TransferAsync(
                Move("A", 30), Identity(gid, "00", "msg", "msg"), cancellationToken: Cancel));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal(100, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task A_TCC_is_confirmed_and_its_tries_answer_messages()
    {
        Answer? answer = null;

        var result = await _app.Dtm.TccAsync(
            async tcc =>
            {
                answer = (await tcc.CallBranchAsync(
                    _app.Branch("Plain"),
                    _app.Branch("Transfer"),
                    _app.Branch("Plain"),
                    Move("A", -30))).ReadMessage<Answer>();
                await tcc.CallBranchAsync(
                    _app.Branch("Plain"), _app.Branch("Transfer"), _app.Branch("Plain"), Move("B", 30));
            },
            new TransOptions { WaitResult = true },
            Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal(-30, answer!.Balance);
        Assert.Equal(Note, answer.Note.ToByteArray());
        Assert.Equal((70, 130), (await _ledger.Balance("A"), await _ledger.Balance("B")));
    }

    [Fact]
    public async Task A_TCC_whose_try_is_refused_is_cancelled()
    {
        var refusal = await Assert.ThrowsAsync<BranchFailureException>(() => _app.Dtm.TccAsync(
            tcc => tcc.CallBranchAsync(
                _app.Branch("Plain"), _app.Branch("Transfer"), _app.Branch("Transfer"), Move("refused", 0)),
            cancellationToken: Cancel));

        Assert.Equal("not today", refusal.Reason);
        var ongoing = await Assert.ThrowsAsync<BranchOngoingException>(() => _app.Dtm.TccAsync(
            tcc => tcc.CallBranchAsync(_app.Branch("Plain"), "", "", Move("ongoing", 0)), cancellationToken: Cancel));
        Assert.Equal("come again", ongoing.Reason);
        var nobody = await Assert.ThrowsAsync<BranchUnavailableException>(() => _app.Dtm.TccAsync(
            tcc => tcc.CallBranchAsync("127.0.0.1:1/bank.Bank/Plain", "", "", Move("A", 0)),
            cancellationToken: Cancel));
        foreach (var gid in (string[])[refusal.Gid!, ongoing.Gid!, nobody.Gid!])
        {
            Assert.NotEqual(GlobalStatus.Prepared, (await _app.Dtm.QueryAsync(gid, Cancel))!.Status);
        }
    }

    [Fact]
    public async Task A_message_goes_out_with_its_local_transaction()
    {
        var message = _app.Dtm.Msg(new MsgOptions { WaitResult = true }).Step(_app.Branch("Transfer"), Move("B", 30));
        await using var connection = _ledger.Connect();

        var result = await message.DoAndSubmitAsync(
            _app.Branch("QueryPrepared"), connection, transaction => Change(transaction, "A", -30), Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal((70, 130), (await _ledger.Balance("A"), await _ledger.Balance("B")));
    }

    [Fact]
    public async Task A_message_whose_sender_dies_is_asked_about_over_gRPC()
    {
        var (sent, lost) = (Message(), Message());
        await sent.PrepareAsync(_app.Branch("QueryPrepared"), Cancel);
        await using (var connection = _ledger.Connect())
        {
            await BranchBarrier.ForMessage(sent.Gid).CallAsync(
                connection, transaction => Change(transaction, "A", -30), Cancel);
        }

        await lost.PrepareAsync(_app.Branch("QueryPrepared"), Cancel);

        Assert.True((await _app.Dtm.WaitForEndAsync(sent.Gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(GlobalStatus.Failed, (await _app.Dtm.WaitForEndAsync(lost.Gid, Poll.Patience, Cancel)).Status);
        Assert.Equal((70, 130), (await _ledger.Balance("A"), await _ledger.Balance("B")));

        Msg Message() => _app.Dtm.Msg(new MsgOptions { TimeoutToFail = TimeSpan.FromSeconds(1) }).Step(
            _app.Branch("Transfer"), Move("B", 30));
    }

    [Fact]
    public async Task Branches_of_HTTP_can_be_in_a_transaction_over_gRPC()
    {
        await using var http = await Participant.Start();

        var result = await _app.Dtm.Saga(new SagaOptions { WaitResult = true })
            .Step(_app.Branch("Transfer"), _app.Branch("TransferUndo"), Move("A", -30))
            .Step(http.Url + "/in", "", new { Amount = 30 })
            .SubmitAsync(Cancel);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal("""{"amount":30}""", Assert.Single(http.Calls).Body);
    }

    public async ValueTask InitializeAsync()
    {
        _ledger = await Ledger.Create();
        _app = await GrpcApp.Start(coordinator, _ledger.Connect);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    internal static Metadata Identity(string gid, string branch, string op, string type = "saga") => new()
    {
        { "dtm-gid", gid },
        { "dtm-trans_type", type },
        { "dtm-branch_id", branch },
        { "dtm-op", op },
        { "dtm-dtm", "" },
    };

    private static Move Move(string account, long amount) =>
        new() { Account = account, Amount = amount, Note = ByteString.CopyFrom(Note) };

    private static async Task Change(DbTransaction transaction, string account, long amount)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"update account set balance = balance + ({amount}) where name = '{account}'";
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
