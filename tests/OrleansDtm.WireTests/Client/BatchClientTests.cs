using OrleansDtm.Abstractions;
using Xunit;
using Poll = OrleansDtm.Tests.Support.Wire.Poll;

namespace OrleansDtm.WireTests.Client;

/// <summary>Jobs, started by an Orleans client.</summary>
public sealed class BatchClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_retries_what_its_filter_selects_and_shows_its_progress()
    {
        await using var cluster = await Coordinated.Start();
        var open = false;
        cluster.Teller.Does = (_, _, _) => Task.FromResult(open ? BranchResult.Done : BranchResult.Ongoing("closed"));
        var api = cluster.Transactions;
        var (ours, other) = (await Waiting(api, "7"), await Waiting(api, "8"));
        open = true;
        var change = new BatchChange
        {
            Operation = BatchOperation.Retry,
            Filter = new Dictionary<string, string> { ["tag"] = "shop:7" },
        };

        var counted = await Ended(api, await api.StartBatch(change with { DryRun = true }, Cancel));
        Assert.Equal((1, 0, ours), (counted.Matched, counted.Succeeded, Assert.Single(counted.Sample)));
        var job = await Ended(api, await api.StartBatch(change, Cancel));
        Assert.Equal(
            (BatchStatus.Done, BatchOperation.Retry, "shop:7", 1, 1),
            (job.Status, job.Change.Operation, job.Change.Filter["tag"], job.Matched, job.Succeeded));
        Assert.StartsWith("orleans '", job.By, StringComparison.Ordinal);
        Assert.True((await api.WaitForEnd(ours, Coordinated.Patience, Cancel)).Succeeded);
        Assert.Equal(GlobalStatus.Submitted, (await api.Query(other, Cancel))!.Status);
        Assert.Equal([job.Id, counted.Id], (await api.ListBatches(Cancel)).Select(static b => b.Id));

        var late = await Assert.ThrowsAsync<TransactionException>(() => api.StopBatch(job.Id, Cancel));
        Assert.Equal(ReplyKind.Conflict, late.Kind);
    }

    [Theory]
    [InlineData(BatchOperation.None, "7", "", "operation: ")]
    [InlineData((BatchOperation)99, "7", "", "operation: '99' is unknown")]
    [InlineData(BatchOperation.Retry, "", "", "filter: ")]
    [InlineData(BatchOperation.ForceStop, "7", "", "reason: ")]
    [InlineData(BatchOperation.Resolve, "7", "", "reason: ")]
    public async Task A_bad_order_is_refused_by_name(
        BatchOperation operation, string gid, string reason, string message)
    {
        await using var cluster = await Coordinated.Start();
        var change = new BatchChange
        {
            Operation = operation,
            Filter = new Dictionary<string, string> { ["gid"] = gid },
            Reason = reason,
        };
        var refused = await Assert.ThrowsAsync<TransactionException>(
            () => cluster.Transactions.StartBatch(change, Cancel));
        Assert.Equal(ReplyKind.Invalid, refused.Kind);
        Assert.StartsWith(message, refused.Reason, StringComparison.Ordinal);
        Assert.Empty(await cluster.Transactions.ListBatches(Cancel));
    }

    [Fact]
    public async Task An_unknown_job_is_null_to_a_search_and_not_found_to_a_stop()
    {
        await using var cluster = await Coordinated.Start();
        Assert.Null(await cluster.Transactions.FindBatch("none", Cancel));
        var refused = await Assert.ThrowsAsync<TransactionException>(
            () => cluster.Transactions.StopBatch("none", Cancel));
        Assert.Equal(ReplyKind.NotFound, refused.Kind);
    }

    private static async Task<string> Waiting(ITransactions api, string shop)
    {
        var saga = new SagaTransaction
        {
            RetryInterval = TimeSpan.FromHours(1),
            Tags = new Dictionary<string, string> { ["shop"] = shop },
        }.Step(Coordinated.Url("A", nameof(ITellerGrain.Judge)), "");
        await api.Submit(saga, wait: true, Cancel);
        return saga.Gid;
    }

    private static async Task<BatchInfo> Ended(ITransactions api, BatchInfo job)
    {
        await Poll.Until(
            async () => (job = (await api.FindBatch(job.Id, Cancel))!).HasEnded,
            Coordinated.Patience,
            () => $"it does not end: {job}",
            Cancel);
        return job;
    }
}
