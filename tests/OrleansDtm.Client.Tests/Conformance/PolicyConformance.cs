using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>Options of a step, and calls that are put aside.</summary>
public abstract class PolicyConformance(RunningCoordinator coordinator) : Conformance(coordinator)
{
    [Fact]
    public async Task A_step_has_its_own_limit_interval_and_headers_and_its_compensation_has_others()
    {
        Bank.On("/out2", Reply.Error);
        var saga = Dtm.Saga(new SagaOptions
        {
            RetryInterval = TimeSpan.FromHours(1),
            BranchHeaders = new Dictionary<string, string> { ["x-a"] = "1" },
        })
            .Step(Url("out1"), Url("undo1"))
            .Step(Url("out2"), Url("undo2"))
            .WithPolicy(
                new StepPolicy
                {
                    RetryLimit = 2,
                    RetryInterval = TimeSpan.FromMilliseconds(100),
                    RetryBackoff = RetryBackoff.Constant,
                    Headers = new Dictionary<string, string> { ["x-a"] = "2" },
                },
                new StepPolicy { Headers = new Dictionary<string, string> { ["x-b"] = "3" } });
        var ended = await saga.SubmitAndWaitAsync(Poll.Patience, Cancel);

        Assert.Equal(
            (GlobalStatus.Failed, "RetryCount is greater than RetryLimit, RetryLimit: 2 of branch 02"),
            (ended.Status, ended.RollbackReason));
        Assert.Equal(["/out1", "/out2", "/out2", "/out2", "/undo2", "/undo1"], Bank.Paths);
        Assert.Equal(["1", "2", "2", "2", "1", "1"], Bank.Calls.Select(static c => c.Headers["x-a"]));
        Assert.Equal("3", Bank.On("/undo2")[0].Headers["x-b"]);
        Assert.False(Bank.On("/undo1")[0].Headers.ContainsKey("x-b"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_compensation_is_put_aside_listed_and_resumed(bool alone)
    {
        Bank.On("/out", Reply.Refusal);
        Bank.On("/undo", Reply.Error, Reply.Error, Reply.Error, Reply.Success);
        var saga = Dtm.Saga(new SagaOptions { RetryInterval = TimeSpan.FromMilliseconds(100), GiveUpAfter = 9 })
            .Step(Url("out"), Url("undo"))
            .WithPolicy(null, new StepPolicy { GiveUpAfter = 3 });
        await saga.SubmitAsync(Cancel);
        var parked = await Parked(saga.Gid);

        Assert.Equal((GlobalStatus.Aborting, null), (parked.Status, parked.Finished));
        var call = parked.Branches.Single(static b => b.Op == "compensate");
        Assert.Equal((true, 3), (call.Parked, call.Attempts));
        Assert.False(parked.Branches.Single(static b => b.Op == "action").Parked);
        var listed = await Dtm.ListAsync(new TransactionFilter { Parked = true, Limit = 1000 }, Cancel);
        Assert.True(listed.Transactions.Single(t => t.Gid == saga.Gid).Parked);

        await (alone
            ? Dtm.RetryBranchAsync(saga.Gid, "01", "compensate", Cancel)
            : Dtm.RetryNowAsync(saga.Gid, Cancel));
        var ended = await Dtm.WaitForEndAsync(saga.Gid, Poll.Patience, Cancel);
        Assert.Equal(GlobalStatus.Failed, ended.Status);
        Assert.Equal(4, Bank.On("/undo").Count);
        Assert.False((await Dtm.QueryAsync(saga.Gid, Cancel))!.Parked);
        Assert.DoesNotContain(
            (await Dtm.ListAsync(new TransactionFilter { Parked = true, Limit = 1000 }, Cancel)).Transactions,
            t => t.Gid == saga.Gid);
    }

    [Fact]
    public async Task A_message_is_put_aside_by_its_age_and_resumed()
    {
        Bank.On("/in", Reply.Error);
        var msg = Dtm.Msg(new MsgOptions { RetryInterval = TimeSpan.FromMilliseconds(100) })
            .Step(Url("in"))
            .WithPolicy(new StepPolicy { GiveUpAfterTime = TimeSpan.FromSeconds(0.5) });
        await msg.SubmitAsync(Cancel);
        Assert.Equal(GlobalStatus.Submitted, (await Parked(msg.Gid)).Status);

        Bank.On("/in", Reply.Success);
        await Dtm.RetryBranchAsync(msg.Gid, "01", "action", Cancel);
        Assert.True((await Dtm.WaitForEndAsync(msg.Gid, Poll.Patience, Cancel)).Succeeded);
    }

    [Fact]
    public async Task An_invalid_policy_is_refused_by_its_name_and_nothing_is_stored()
    {
        var saga = Dtm.Saga().Step(Url("out"), "").WithPolicy(new StepPolicy { GiveUpAfter = 1 });
        var refused = await Assert.ThrowsAsync<DtmInvalidRequestException>(() => saga.SubmitAsync(Cancel));
        Assert.StartsWith("steps[0].give_up_after", refused.Reason, StringComparison.Ordinal);
        Assert.Null(await Dtm.QueryAsync(saga.Gid, Cancel));
    }

    private async Task<TransactionInfo> Parked(string gid)
    {
        TransactionInfo? info = null;
        await Poll.Until(
            async () => (info = await Dtm.QueryAsync(gid, Cancel))!.Parked,
            Poll.Patience,
            () => $"{gid} is not put aside",
            Cancel);
        return info!;
    }
}

/// <summary>Over HTTP.</summary>
public sealed class PoliciesOverHttp(RunningCoordinator coordinator) : PolicyConformance(coordinator)
{
    protected override ServiceProvider Register() =>
        Coordinator.Client(static options => options.WorkflowCallback = "http://127.0.0.1:1/workflows", Add);
}

/// <summary>Over gRPC only.</summary>
public sealed class PoliciesOverGrpc(RunningCoordinator coordinator) : PolicyConformance(coordinator)
{
    private readonly Untouched _http = new();

    protected override ServiceProvider Register() => GrpcOnly.Client(Coordinator, _http, Add);

    protected override void Check() => Assert.Empty(_http.Requests);
}
