using System.Globalization;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Finished transactions are deleted after Store:Retention; unfinished ones stay.</summary>
public sealed class RetentionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Finished_transactions_are_forgotten_and_unfinished_ones_are_kept()
    {
        await using var busi = await Participant.Start(static c => c.Path == "/Act2" ? Reply.Refusal : Reply.Success);
        await using var server = await ServerProcess.Start(
            Cancel, ("ORLEANSDTM_Store__Retention", "1"), ("LOG_LEVEL", "info"));
        using var dtm = new Dtm(server);
        var (waiting, done, failed) = (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        var later = SagaBody.Of(waiting, busi, 1).With("retry_interval", 300);
        later["steps"]![0]!["action"] = busi.Url + "/Later";
        busi.On("/Later", Reply.Ongoing);
        await dtm.Accept(later);
        await dtm.UntilWaiting(waiting);

        await dtm.Accept(SagaBody.Of(done, busi, 1));
        await dtm.Accept(SagaBody.Of(failed, busi));
        foreach (var gid in new[] { done, failed })
        {
            await Poll.Until(
                async () => await dtm.Transaction(gid) is null,
                Poll.Patience,
                () => $"{gid} is still there\n{server.Tail}",
                Cancel);
        }

        Assert.Equal("submitted", (string?)(await dtm.Transaction(waiting))!["status"]);
        Assert.Empty((await dtm.Query(done))["branches"]!.AsArray());
        await Poll.Until(
            async () => await Deleted(dtm, server) == 2,
            Poll.Patience,
            () => $"the metric does not say 2\n{server.Tail}",
            Cancel);
        await Poll.Until(
            () => Task.FromResult(
                server.Tail.Contains("older than their retention of 00:00:01", StringComparison.Ordinal)),
            Poll.Patience,
            () => $"the log does not say it\n{server.Tail}",
            Cancel);
    }

    private static async Task<double> Deleted(Dtm dtm, ServerProcess server)
    {
        var metrics = await dtm.Send(HttpMethod.Get, server.Url + "/api/metrics", null);
        var line = metrics.Text.Split('\n').FirstOrDefault(
            static l => l.StartsWith("dtm_retention_deleted_total", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
