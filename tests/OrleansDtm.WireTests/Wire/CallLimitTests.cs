using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>
/// One caller must not affect the others: limits on the calls that a request can cause, and a force stop that frees
/// their slots.
/// </summary>
public sealed class CallLimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Branches_that_go_on_and_on_are_called_seldom_whatever_interval_was_asked_for()
    {
        await using var busi = await Participant.Start(static _ => Reply.Ongoing);
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        var gid = SagaBody.NewGid();
        await dtm.Accept(SagaBody.Of(gid, busi, 100).With("concurrent", true).With("retry_interval", 0.001));

        // The delays are 0.1, 0.2, 0.3 and 0.4 s.
        var fifth = await busi.Called("/Act1", 5);
        Assert.True(
            fifth.At - busi.On("/Act1")[0].At >= TimeSpan.FromSeconds(1), $"{fifth.At - busi.On("/Act1")[0].At}");
        await dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
    }

    [Fact]
    public async Task A_forced_stop_ends_calls_that_hang_and_others_get_their_places()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, ("Limits__BranchCallsPerServiceMax", "4"));
        using var dtm = new Dtm(server);
        // Calls with a long timeout get half of the places.
        busi.On("/Act1", Reply.Success.After(new Gate()), Reply.Success.After(new Gate()), Reply.Success);
        string[] hanging = [SagaBody.NewGid(), SagaBody.NewGid()];
        foreach (var gid in hanging)
        {
            await dtm.Accept(SagaBody.Of(gid, busi).With("request_timeout", 86400));
        }

        await busi.Called("/Act1", 2);
        var blocked = SagaBody.NewGid();
        await dtm.Accept(SagaBody.Of(blocked, busi).With("request_timeout", 3600));
        Assert.Equal("submitted", (string?)(await dtm.Transaction(blocked))!["status"]);
        foreach (var gid in hanging)
        {
            await dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
        }

        await dtm.Until("succeed", blocked);
        Assert.Equal(3, busi.On("/Act1").Count);
    }

    [Fact]
    public async Task Calls_with_a_long_timeout_leave_half_of_a_service_to_the_others()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, ("Limits__BranchCallsPerServiceMax", "4"));
        using var dtm = new Dtm(server);
        busi.On("/Act1", [.. Enumerable.Range(0, 6).Select(static _ => Reply.Success.After(new Gate()))]);
        for (var i = 0; i < 6; i++)
        {
            await dtm.Accept(SagaBody.Of(SagaBody.NewGid(), busi, 1).With("request_timeout", 3600));
        }

        await busi.Called("/Act1", 2);
        var body = SagaBody.Of(SagaBody.NewGid(), busi, 1);
        body["steps"]![0]!["action"] = busi.Url + "/Other";
        await dtm.Accept(body);
        await dtm.Until("succeed", (string)body["gid"]!);

        Assert.Equal(2, busi.On("/Act1").Count);
    }

    [Fact]
    public async Task One_transaction_takes_only_its_own_places_of_a_service()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel, ("Limits__BranchCallsPerTransactionMax", "3"));
        using var dtm = new Dtm(server);
        var gate = new Gate();
        for (var i = 1; i <= 20; i++)
        {
            busi.On($"/Act{i}", Reply.Success.After(gate));
        }

        var (greedy, other) = (SagaBody.NewGid(), SagaBody.NewGid());
        await dtm.Accept(SagaBody.Of(greedy, busi, 20).With("concurrent", true).With("request_timeout", 3600));

        // Which three come first is not determined.
        await Poll.Until(
            () => Task.FromResult(busi.Paths.Count(static p => p.StartsWith("/Act", StringComparison.Ordinal)) == 3),
            Poll.Patience,
            static () => "three calls did not come",
            Cancel);
        var body = SagaBody.Of(other, busi, 1);
        body["steps"]![0]!["action"] = busi.Url + "/Other";
        await dtm.Accept(body);
        await dtm.Until("succeed", other);

        Assert.Equal(3, busi.Calls.Count(static c => c.Path.StartsWith("/Act", StringComparison.Ordinal)));
        gate.Open();
        await dtm.Until("succeed", greedy);
    }

    [Fact]
    public async Task A_listing_of_large_transactions_comes_in_pages_that_do_not_fill_the_memory()
    {
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        var gids = Enumerable.Range(0, 7).Select(static _ => SagaBody.NewGid()).ToList();
        foreach (var gid in gids)
        {
            var prepared = await dtm.Post("prepare", new JsonObject
            {
                ["gid"] = gid,
                ["trans_type"] = "tcc",
                ["timeout_to_fail"] = 3600,
                ["custom_data"] = new string('x', 3 * 1024 * 1024),
            });
            Assert.True(prepared.Status == 200, prepared.Message);
        }

        var first = (await dtm.Get("all?limit=100")).Json!;
        var second = (await dtm.Get($"all?limit=100&position={first["next_position"]}")).Json!;

        Assert.Equal((2, 2), (first["transactions"]!.AsArray().Count, second["transactions"]!.AsArray().Count));
        Assert.NotEqual("", (string?)second["next_position"]);
        Assert.Equal(
            Enumerable.Reverse(gids).Take(4),
            first["transactions"]!.AsArray().Concat(second["transactions"]!.AsArray()).Select(t => (string)t!["gid"]!));
    }
}
