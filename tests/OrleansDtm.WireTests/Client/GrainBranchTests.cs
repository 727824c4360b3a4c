using OrleansDtm.Abstractions;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>Branches that are grain calls follow the same rules as those over HTTP.</summary>
public sealed class GrainBranchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saga_of_grains_hands_them_its_payload_and_which_call_it_is()
    {
        await using var cluster = await Coordinated.Start();
        var saga = new SagaTransaction { BranchHeaders = new Dictionary<string, string> { ["x-tenant"] = "7" } }
            .Step(Coordinated.Url("Müller & Söhne/1", nameof(ITellerGrain.Withdraw)), "", new Money(30, "EUR"));
        var result = await cluster.Run(saga);

        Assert.Equal((saga.Gid, GlobalStatus.Succeeded, ""), (result.Gid, result.Status, result.RollbackReason));
        var (account, money, call) = Assert.Single(cluster.Teller.Calls);
        Assert.Equal(("Müller & Söhne/1", new Money(30, "EUR")), (account, money));
        Assert.Equal(
            (saga.Gid, "01", "action", "saga", "7"),
            (call!.Gid, call.BranchId, call.Op, call.Type, call.Headers!["x-tenant"]));
    }

    [Fact]
    public async Task A_branch_that_refuses_is_compensated_with_all_before_it()
    {
        await using var cluster = await Coordinated.Start();
        cluster.Teller.Does = static (account, call, _) => (account, call!.Op) == ("B", "action")
            ? throw new BranchFailureException("account B is frozen")
            : Task.FromResult(BranchResult.Done);
        var result = await cluster.Run(Coordinated.Saga());

        Assert.Equal(GlobalStatus.Failed, result.Status);
        Assert.Contains("account B is frozen", result.RollbackReason, StringComparison.Ordinal);
        Assert.Equal(["A action", "B action", "B compensate", "A compensate"], cluster.Teller.Ops);
    }

    [Fact]
    public async Task A_branch_may_refuse_by_what_it_returns()
    {
        await using var cluster = await Coordinated.Start();
        cluster.Teller.Does = static (_, _, _) => Task.FromResult(BranchResult.Failed("closed"));
        var result = await cluster.Run(
            new SagaTransaction().Step(Coordinated.Url("A", nameof(ITellerGrain.Judge)), ""));

        Assert.Equal(GlobalStatus.Failed, result.Status);
        Assert.Contains("closed", result.RollbackReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ongoing_and_unexpected_exceptions_are_asked_again_and_remembered()
    {
        await using var cluster = await Coordinated.Start();
        var answers = new Queue<Func<BranchResult>>(
        [
            static () => throw new BranchOngoingException("the vault opens at nine"),
            static () => throw new InvalidOperationException("no disk"),
            static () => BranchResult.Done,
        ]);
        cluster.Teller.Does = (_, _, _) => Task.FromResult(answers.Dequeue()());
        var saga = new SagaTransaction { RetryInterval = TimeSpan.FromMilliseconds(20) }
            .Step(Coordinated.Url("A", nameof(ITellerGrain.Judge)), "");
        var paused = await cluster.Transactions.Submit(saga, wait: true, Cancel);
        Assert.Equal((false, "the vault opens at nine"), (paused.HasEnded, paused.LastError));

        var ended = await cluster.Transactions.WaitForEnd(saga.Gid, Coordinated.Patience, Cancel);
        Assert.True(ended.Succeeded);
        var branch = (await cluster.Transactions.Query(saga.Gid, Cancel))!.Branches.Single(
            static b => b.Op == "action");
        Assert.Equal(
            (3, "succeed", "InvalidOperationException: no disk"), (branch.Attempts, branch.Status, branch.LastError));
    }

    [Fact]
    public async Task A_grain_that_hangs_is_given_up_at_the_request_timeout_and_asked_again()
    {
        await using var cluster = await Coordinated.Start();
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hangs = true;
        cluster.Teller.Does = async (_, _, cancellation) =>
        {
            if (hangs)
            {
                hangs = false;
                await using var registration = cancellation.Register(cancelled.SetResult);
                await cancelled.Task;
            }

            return BranchResult.Done;
        };
        var saga = new SagaTransaction
        {
            RequestTimeout = TimeSpan.FromMilliseconds(200),
            RetryInterval = TimeSpan.FromMilliseconds(20),
        }
            .Step(Coordinated.Url("A", nameof(ITellerGrain.Withdraw)), "", new Money(1, "EUR"));
        var paused = await cluster.Transactions.Submit(saga, wait: true, Cancel);

        Assert.Equal(
            (GlobalStatus.Submitted, "no answer within the request timeout"), (paused.Status, paused.LastError));
        await cancelled.Task.WaitAsync(Coordinated.Patience, Cancel); // The grain's token is cancelled.
        Assert.True((await cluster.Transactions.WaitForEnd(saga.Gid, Coordinated.Patience, Cancel)).Succeeded);
    }

    [Theory]
    [InlineData("grain://Vault/A/Open", "no silo has registered a grain Vault")]
    [InlineData("grain://TellerGrain/A/Secret", "TellerGrain has no method Secret")]
    [InlineData("grain://TellerGrain/A/Silo", "TellerGrain has no method Silo")]
    // It is registered under an alias.
    [InlineData("grain://NumberedGrain/1/Count", "no silo has registered a grain NumberedGrain")]
    [InlineData("grain://Counter/one/Count", "the key of Counter is a whole number")]
    [InlineData("grain://transaction/A/ForceStop", "no silo has registered a grain transaction")]
    [InlineData("grain://TellerGrain/A", "grain://GrainType/key/Method")]
    [InlineData("grain://TellerGrain/A/Deposit?x=1", "grain://GrainType/key/Method")]
    public async Task What_was_not_registered_is_refused_and_nothing_is_stored(string url, string words)
    {
        await using var cluster = await Coordinated.Start();
        var saga = new SagaTransaction().Step(url, "");
        var refused = await Assert.ThrowsAsync<TransactionException>(
            () => cluster.Transactions.Submit(saga, cancellationToken: Cancel));

        Assert.Equal((saga.Gid, ReplyKind.Invalid), (refused.Gid, refused.Kind));
        Assert.StartsWith("steps[0].action: ", refused.Reason, StringComparison.Ordinal);
        Assert.Contains(words, refused.Reason, StringComparison.Ordinal);
        Assert.Null(await cluster.Transactions.Query(saga.Gid, Cancel));
        Assert.Empty(cluster.Teller.Calls);
    }

    [Fact]
    public async Task A_grain_refuses_what_was_not_registered_whoever_calls()
    {
        await using var cluster = await Coordinated.Start();
        var target = cluster.Grains.GetGrain<ITellerGrain>("A").AsReference<IBranchTarget>();
        var call = new BranchContext { Gid = "g1", BranchId = "01", Op = "action", Type = "saga" };
        foreach (var (grain, method) in new[] { ("TellerGrain", "Secret"), ("Counter", "Count"), ("Vault", "Open") })
        {
            var result = await target.Call(grain, method, default, call, Cancel);
            Assert.Equal(BranchOutcome.Unknown, result.Outcome);
        }

        Assert.Empty(cluster.Teller.Calls);
    }

    [Fact]
    public async Task A_grain_with_a_number_for_a_key_is_found()
    {
        await using var cluster = await Coordinated.Start();
        Assert.True((await cluster.Run(new SagaTransaction().Step("grain://Counter/-42/Count", ""))).Succeeded);
        Assert.Equal("-42", Assert.Single(cluster.Teller.Calls).Account);
    }

    [Fact]
    public async Task Confirm_cancel_commit_and_rollback_may_be_grains()
    {
        await using var cluster = await Coordinated.Start();
        var (judge, api) = (Coordinated.Url("A", nameof(ITellerGrain.Judge)), cluster.Transactions);
        foreach (var forward in new[] { true, false })
        {
            var tcc = new TccTransaction();
            await api.Prepare(tcc, Cancel);
            await api.RegisterBranch(BranchRegistration.Tcc(tcc.Gid, "01", judge, judge), Cancel);
            var xa = new XaTransaction();
            await api.Prepare(xa, Cancel);
            await api.RegisterBranch(BranchRegistration.Xa(xa.Gid, "01", judge), Cancel);
            foreach (var each in new GlobalTransaction[] { tcc, xa })
            {
                await (forward ? api.Submit(each, cancellationToken: Cancel) : api.Abort(each, "no stock", Cancel));
                await api.WaitForEnd(each.Gid, Coordinated.Patience, Cancel);
            }
        }

        Assert.Equal(["A confirm", "A commit", "A cancel", "A rollback"], cluster.Teller.Ops);
    }

    [Fact]
    public async Task A_message_asks_a_grain_whether_it_was_meant_and_the_end_is_told_to_one()
    {
        await using var cluster = await Coordinated.Start();
        cluster.Teller.Does = static (_, call, _) => Task.FromResult(
            call!.Op == "msg" ? BranchResult.Failed("never heard of it") : BranchResult.Done);
        var url = Coordinated.Url("A", nameof(ITellerGrain.Judge));
        var msg = new MsgTransaction
        {
            QueryPrepared = url,
            CallbackUrl = url,
            TimeoutToFail = TimeSpan.FromMilliseconds(50),
        }.Step(url);
        await cluster.Transactions.Prepare(msg, Cancel);
        var ended = await cluster.Transactions.WaitForEnd(msg.Gid, Coordinated.Patience, Cancel);

        Assert.Equal(GlobalStatus.Failed, ended.Status);
        await OrleansDtm.Tests.Support.Wire.Poll.Until(
            () => Task.FromResult(cluster.Teller.Calls.Count >= 2),
            Coordinated.Patience,
            static () => "the notice was not sent",
            Cancel);
        Assert.Equal(["A msg", "A notice"], cluster.Teller.Ops);
    }

    [Fact]
    public async Task A_workflow_that_falls_silent_is_resumed_by_a_grain()
    {
        await using var cluster = await Coordinated.Start();
        var called = new TaskCompletionSource<BranchContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Teller.Does = (_, call, _) =>
        {
            called.TrySetResult(call!);
            return Task.FromResult(BranchResult.Done);
        };
        var workflow = new WorkflowTransaction
        {
            QueryPrepared = Coordinated.Url("A", nameof(ITellerGrain.Judge)),
            Name = "pay",
            Data = new byte[] { 1, 2 },
            RetryInterval = TimeSpan.FromMilliseconds(50),
        };
        await cluster.Transactions.PrepareWorkflow(workflow, Cancel);

        Assert.Equal("pay", (await called.Task.WaitAsync(Coordinated.Patience, Cancel)).Op);
        Assert.True(
            (await cluster.Transactions.FinishWorkflow(workflow.Gid, true, cancellationToken: Cancel)).Succeeded);
    }
}
