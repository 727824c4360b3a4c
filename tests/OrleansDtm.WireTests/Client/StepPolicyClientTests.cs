using OrleansDtm.Abstractions;
using Xunit;
using Poll = OrleansDtm.Tests.Support.Wire.Poll;

namespace OrleansDtm.WireTests.Client;

/// <summary>Options of a step, and calls that are put aside, for an Orleans client.</summary>
public sealed class StepPolicyClientTests
{
    private static readonly string Judge = Coordinated.Url("A", nameof(ITellerGrain.Judge));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_step_has_its_own_limit_interval_and_headers_and_its_compensation_has_others()
    {
        await using var cluster = await Coordinated.Start();
        cluster.Teller.Does = static (_, call, _) => Task.FromResult(
            call is { BranchId: "02", Op: "action" }
                ? throw new InvalidOperationException("down")
                : BranchResult.Done);
        var saga = new SagaTransaction
        {
            RetryInterval = TimeSpan.FromHours(1),
            BranchHeaders = new Dictionary<string, string> { ["x-a"] = "1" },
        }
            .Step(Judge, Judge)
            .Step(Judge, Judge)
            .WithPolicy(
                new StepPolicy
                {
                    RetryLimit = 1,
                    RetryInterval = TimeSpan.FromMilliseconds(100),
                    Headers = new Dictionary<string, string> { ["x-a"] = "2" },
                },
                new StepPolicy { Headers = new Dictionary<string, string> { ["x-b"] = "3" } });
        var ended = await cluster.Run(saga);

        Assert.Equal(
            (GlobalStatus.Failed, "RetryCount is greater than RetryLimit, RetryLimit: 1 of branch 02"),
            (ended.Status, ended.RollbackReason));
        Assert.Equal(
            ["01 action 1 ", "02 action 2 ", "02 action 2 ", "02 compensate 1 3", "01 compensate 1 "],
            cluster.Teller.Calls.Select(static BranchContext (c) => c.Call!).Select(static c =>
                $"{c.BranchId} {c.Op} {c.Headers!["x-a"]} {c.Headers.GetValueOrDefault("x-b")}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_compensation_is_put_aside_and_resumed(bool alone)
    {
        await using var cluster = await Coordinated.Start();
        var open = false;
        cluster.Teller.Does = (_, call, _) => Task.FromResult(
            call is { Op: "action" } ? BranchResult.Failed("sold out")
            : open ? BranchResult.Done
            : throw new InvalidOperationException("down"));
        var api = cluster.Transactions;
        var saga = new SagaTransaction { RetryInterval = TimeSpan.FromMilliseconds(100), GiveUpAfter = 2 }
            .Step(Judge, Judge)
            .WithPolicy(null, new StepPolicy { GiveUpAfter = 3 });
        await api.Submit(saga, cancellationToken: Cancel);
        var parked = await Parked(api, saga.Gid);

        Assert.Equal((GlobalStatus.Aborting, null), (parked.Status, parked.Finished));
        var call = parked.Branches.Single(static b => b.Op == "compensate");
        Assert.Equal((true, 3, null), (call.Parked, call.Attempts, call.NextRetry));
        Assert.Equal(4, cluster.Teller.Calls.Count); // One action, three compensations.

        open = true;
        await (alone ? api.RetryBranch(saga.Gid, "01", "compensate", Cancel) : api.RetryNow(saga.Gid, Cancel));
        var ended = await api.WaitForEnd(saga.Gid, Coordinated.Patience, Cancel);
        Assert.Equal(GlobalStatus.Failed, ended.Status);
        Assert.Contains("sold out", ended.RollbackReason, StringComparison.Ordinal);
        Assert.False((await api.Query(saga.Gid, Cancel))!.Parked);
        Assert.Equal(5, cluster.Teller.Calls.Count);
    }

    [Fact]
    public async Task A_message_is_put_aside_by_its_age_and_a_job_resumes_it()
    {
        await using var cluster = await Coordinated.Start();
        var open = false;
        cluster.Teller.Does = (_, _, _) =>
            Task.FromResult(open ? BranchResult.Done : throw new InvalidOperationException("down"));
        var api = cluster.Transactions;
        var msg = new MsgTransaction { RetryInterval = TimeSpan.FromMilliseconds(100) }
            .Step(Judge)
            .WithPolicy(new StepPolicy { GiveUpAfterTime = TimeSpan.FromSeconds(0.5), ConstantBackoff = true });
        await api.Submit(msg, cancellationToken: Cancel);
        Assert.Equal(GlobalStatus.Submitted, (await Parked(api, msg.Gid)).Status);

        open = true;
        await api.StartBatch(new BatchChange { Operation = BatchOperation.Unpark }, Cancel);
        Assert.True((await api.WaitForEnd(msg.Gid, Coordinated.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task An_invalid_policy_is_refused_by_its_name_and_nothing_is_stored()
    {
        await using var cluster = await Coordinated.Start();
        var saga = new SagaTransaction().Step(Judge, "").WithPolicy(new StepPolicy { GiveUpAfter = 1 });
        var refused = await Assert.ThrowsAsync<TransactionException>(
            () => cluster.Transactions.Submit(saga, cancellationToken: Cancel));
        Assert.Equal(ReplyKind.Invalid, refused.Kind);
        Assert.StartsWith("steps[0].give_up_after", refused.Reason, StringComparison.Ordinal);
        Assert.Null(await cluster.Transactions.Query(saga.Gid, Cancel));
    }

    private static async Task<TransactionInfo> Parked(ITransactions api, string gid)
    {
        TransactionInfo? info = null;
        await Poll.Until(
            async () => (info = await api.Query(gid, Cancel))!.Parked,
            Coordinated.Patience,
            () => $"it is not put aside: {info}",
            Cancel);
        return info!;
    }
}
