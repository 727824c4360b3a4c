using Google.Protobuf;
using Grpc.Core;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Client.Tests.AspNetCore;
using OrleansDtm.Client.Tests.Grpc.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>Workflows that use gRPC for the coordinator, the participants and the callback.</summary>
public sealed class GrpcWorkflowTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private static readonly byte[] Note = [0, 255, 128, 10];
    private readonly string _gid = Guid.NewGuid().ToString("N");
    private Ledger _ledger = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TransOptions Gid => new() { Gid = _gid };

    [Fact]
    public async Task Calls_are_recorded_and_hooks_of_the_commit_run_although_they_return_nothing()
    {
        await using var app = await Start(async (app, workflow, move) =>
        {
            var answer = await new Bank.BankClient(workflow.NewBranch()
                .OnCommit(async step => await new Bank.BankClient(step.Grpc(app.Channel)).PlainAsync(move))
                .OnRollback(step => throw new InvalidOperationException("nobody rolls back"))
                .Grpc(app.Channel)).TransferAsync(move);
            return (await new Bank.BankClient(workflow.Grpc(app.Channel)).PlainAsync(
                new Move { Amount = answer.Balance, Note = answer.Note })).ToByteArray();
        });

        var result = await app.Dtm.WorkflowAsync("test", Move("A", -30), Gid, Cancel);

        Assert.Equal(
            new Answer { Balance = 70, Note = ByteString.CopyFrom(Note) }, result.EnsureSucceeded().Read<Answer>());
        Assert.Equal(["Transfer 01 action", "Plain 02 action", "Plain 01 commit"], app.Bank.Calls);
        Assert.Equal(70, await _ledger.Balance("A"));
        // A second execution returns the same result.
        Assert.Equal(
            result.Data.ToArray(), (await app.Dtm.WorkflowAsync("test", Move("A", -30), Gid, Cancel)).Data.ToArray());
    }

    [Fact]
    public async Task A_refusal_rolls_back_behind_the_barrier()
    {
        await using var app = await Start(async (app, workflow, move) =>
        {
            await Transfer(app, workflow, move);
            await Transfer(app, workflow, Move("B", -3000));
            return [];
        });

        var result = await app.Dtm.WorkflowAsync("test", Move("A", 30), Gid, Cancel);

        Assert.Equal((GlobalStatus.Failed, "balance too low"), (result.Status, result.RollbackReason));
        Assert.Equal(["Transfer 01 action", "Transfer 02 action", "TransferUndo 01 rollback"], app.Bank.Calls);
        Assert.Equal((100, 100), (await _ledger.Balance("A"), await _ledger.Balance("B")));
    }

    [Fact]
    public async Task Interrupted_it_goes_on_by_the_callback_and_calls_nobody_twice()
    {
        var errors = 2;
        await using var app = await Start(async (app, workflow, move) =>
        {
            await Transfer(app, workflow, move);
            if (errors-- > 0)
            {
                throw new InvalidOperationException("no power");
            }

            return (await workflow.DoAsync(_ => Task.FromResult(move))).ToByteArray();
        });

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => app.Dtm.WorkflowAsync("test", Move("A", -30), Gid, Cancel));
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);

        Assert.Equal(["Transfer 01 action"], app.Bank.Calls);
        Assert.Equal(Move("A", -30), (await app.Dtm.WorkflowAsync("test", Move("A", -30), Gid, Cancel)).Read<Move>());
    }

    [Fact]
    public async Task What_is_ongoing_pauses_it_and_other_statuses_can_be_given_a_meaning()
    {
        await using var app = await Start(
            async (app, workflow, move) =>
                (await new Bank.BankClient(workflow.Grpc(app.Channel)).TransferAsync(move)).ToByteArray(),
            settings => settings.ErrorOutcome = static e =>
                e is RpcException { StatusCode: StatusCode.PermissionDenied } ? BranchOutcome.Failure : null);
        app.Bank.On(
            "A",
            new Status(StatusCode.FailedPrecondition, "at it"), new Status(StatusCode.Internal, "boom"), new Status(
                StatusCode.PermissionDenied, "not you"));

        Assert.Equal("at it", (await Assert.ThrowsAsync<BranchOngoingException>(
            () => app.Dtm.WorkflowAsync("test", Move("A", 30), Gid, Cancel))).Reason);
        var end = await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel);

        Assert.Equal(GlobalStatus.Failed, end.Status);
        Assert.Contains("not you", end.RollbackReason, StringComparison.Ordinal);
        Assert.Equal((3, 100), (app.Bank.Calls.Count, await _ledger.Balance("A")));
    }

    [Fact]
    public async Task Other_errors_are_thrown_as_they_are()
    {
        await using var app = await Start(async (app, workflow, move) =>
            (await new Bank.BankClient(workflow.Grpc(app.Channel)).TransferAsync(move)).ToByteArray());
        app.Bank.On("A", new Status(StatusCode.Internal, "boom"));

        Assert.Equal(
            StatusCode.Internal,
            (await Assert.ThrowsAsync<RpcException>(
                () => app.Dtm.WorkflowAsync("test", Move("A", 30), Gid, Cancel))).StatusCode);
        Assert.True((await app.Dtm.WaitForEndAsync(_gid, Poll.Patience, Cancel)).Succeeded);
        Assert.Equal(130, await _ledger.Balance("A"));
    }

    [Fact]
    public async Task What_cannot_be_recorded_says_so()
    {
        await using var app = await Start((app, workflow, move) =>
        {
            var bank = new Bank.BankClient(workflow.Grpc(app.Channel));
            Assert.Throws<NotSupportedException>(() => bank.Watch(move, cancellationToken: Cancel));
            Assert.Throws<NotSupportedException>(() => bank.Plain(move, cancellationToken: Cancel));
            return Task.FromResult<byte[]>([]);
        });

        Assert.True((await app.Dtm.WorkflowAsync("test", Move("A", 30), Gid, Cancel)).Succeeded);
    }

    [Fact]
    public async Task A_callback_of_HTTP_is_refused_before_it_begins()
    {
        await using var app = await Start(
            (_, _, _) => Task.FromResult<byte[]>([]), callback: "http://127.0.0.1:1/workflows");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => app.Dtm.WorkflowAsync("test", Move("A", 30), Gid, Cancel));

        Assert.Contains("workflow.Workflow/Execute", error.Message, StringComparison.Ordinal);
        Assert.Null(await app.Dtm.QueryAsync(_gid, Cancel));
    }

    public async ValueTask InitializeAsync() => _ledger = await Ledger.Create();

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    private static Move Move(string account, long amount) =>
        new() { Account = account, Amount = amount, Note = ByteString.CopyFrom(Note) };

    private static async Task Transfer(GrpcApp app, Workflow workflow, Move move) =>
        await new Bank.BankClient(workflow.NewBranch()
            .OnRollback(async step => await new Bank.BankClient(step.Grpc(app.Channel)).TransferUndoAsync(move))
            .Grpc(app.Channel)).TransferAsync(move);

    private async Task<GrpcApp> Start(
        Func<GrpcApp, Workflow, Move, Task<byte[]>> code, Action<WorkflowSettings>? configure = null,
        string? callback = null)
    {
        GrpcApp app = null!;
        app = await GrpcApp.Start(
            coordinator,
            _ledger.Connect,
            services => services.AddWorkflow<Move, byte[]>(
                "test", (workflow, move) => code(app, workflow, move), configure),
            callback);
        return app;
    }
}
