using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>Runs every pattern through the API of a coordinator on a database server.</summary>
internal static class Patterns
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task Work(string connectionString, string driver = "mysql")
    {
        await using var server = await ServerProcess.Start(
            Cancel, ("STORE_DRIVER", driver), ("STORE_CONNECTION_STRING", connectionString), ("STORE_PATH", ""));
        using var dtm = new Dtm(server);
        await Work(dtm, dtm);
    }

    /// <param name="first">Receives the requests.</param>
    /// <param name="second">Receives the queries; may be another process.</param>
    public static async Task Work(Dtm first, Dtm second)
    {
        await using var busi = await Participant.Start();
        var (saga, msg, tcc, xa) = (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        await first.Accept(PatternBodies.Msg(msg, busi).With("custom_data", """{"delay":1}"""));
        await first.Accept(SagaBody.Of(saga, busi).With("wait_result", true));
        await Ok("prepare", PatternBodies.Of(tcc, "tcc"));
        await Ok("registerBranch", PatternBodies.TccBranch(tcc, busi, 1));
        await Ok("registerBranch", PatternBodies.TccBranch(tcc, busi, 2));
        await Ok("submit", PatternBodies.Of(tcc, "tcc").With("wait_result", true));
        await Ok("prepare", PatternBodies.Of(xa, "xa"));
        await Ok("registerBranch", PatternBodies.XaBranch(xa, busi, 1));
        await Ok("abort", PatternBodies.Of(xa, "xa"));
        Assert.Equal(200, (await first.Get(
            $"subscribe?topic={saga}&url=" + Uri.EscapeDataString(busi.Url + "/Topic") + "&remark=r")).Status);
        await first.Accept(PatternBodies.Msg(SagaBody.NewGid(), busi, 1)
            .With("steps", new System.Text.Json.Nodes.JsonArray(
                new System.Text.Json.Nodes.JsonObject { ["action"] = $"topic://{saga}" }))
            .With("wait_result", true));

        foreach (var gid in new[] { saga, msg, tcc })
        {
            await second.Until("succeed", gid);
        }

        await second.Until("failed", xa);
        Assert.Equal(
            ["Act1 saga", "Act2 saga", "Confirm1 tcc", "Confirm2 tcc", "Xa1 xa", "Act1 msg", "Act2 msg"],
            new[] { (saga, "saga"), (tcc, "tcc"), (xa, "xa"), (msg, "msg") }.SelectMany(
                one => busi.Calls.Where(c => c.Gid == one.Item1)
                    .Select(c => $"{c.Path.TrimStart('/')} {one.Item2}")
                    .Order()));
        Assert.Single(busi.On("/Topic"));

        async Task Ok(string api, System.Text.Json.Nodes.JsonObject body)
        {
            var answer = await first.Post(api, body);
            Assert.True(answer.Status == 200, $"{api}: {answer.Status} {answer.Text}");
        }
    }
}
