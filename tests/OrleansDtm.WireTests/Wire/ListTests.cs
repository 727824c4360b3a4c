using System.Globalization;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>GET all: every filter, and pages that neither skip nor repeat a transaction.</summary>
[Collection(SharedServer.Name)]
public sealed class ListTests(RunningServer running)
{
    private const int Count = 25;

    private Dtm Dtm => running.Dtm;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_filter_selects_and_pages_hold_each_transaction_once_the_newest_first()
    {
        await using var busi = await Participant.Start(
            static c => c.Path == "/Act1" && c.Body.Contains("29", StringComparison.Ordinal)
                ? Reply.Refusal
                : Reply.Success);
        await RunSaga(busi, refused: false); // before the window
        var start = await NextMillisecond();
        var gids = new List<string>();
        for (var i = 0; i < Count; i++)
        {
            gids.Add(await RunSaga(busi, refused: i % 5 == 0));
        }

        var end = await NextMillisecond();
        await NextMillisecond();
        await RunSaga(busi, refused: false); // after the window
        var window = $"createTimeStart={start}&createTimeEnd={end}";

        Assert.Equal(Count, (await List(window)).Count);
        Assert.Equal(gids.Where(static (_, i) => i % 5 == 0).Order(), (await List(window + "&status=failed")).Order());
        Assert.Equal(gids.Where(static (_, i) => i % 5 != 0).Order(), (await List(window + "&status=succeed")).Order());
        Assert.Empty(await List(window + "&status=aborting"));
        Assert.Equal(gids.Order(), (await List(window + "&transType=saga")).Order());
        Assert.Empty(await List(window + "&transType=msg"));
        Assert.Equal([gids[7]], await List("gid=" + gids[7]));
        Assert.Empty(await List("gid=" + SagaBody.NewGid()));
        Assert.Equal(5, (await List(window + "&transType=saga&status=failed&limit=10")).Count);
        Assert.Equal(Enumerable.Reverse(gids), await Pages(window, 10, [10, 10, 5]));
    }

    [Fact]
    public async Task Unfinished_ones_say_why_they_wait_and_are_found_by_it()
    {
        await using var busi = await Participant.Start();
        var (start, slow) = ($"why-{SagaBody.NewGid()}", new Gate());
        busi.On($"/{start}-retry", Reply.Error);
        busi.On($"/{start}-answer", Reply.Success.After(slow));
        foreach (var reason in new[] { "retry", "answer", "done" })
        {
            await Dtm.Accept(SagaBody.Of($"{start}-{reason}", busi, 1).With("steps", new JsonArray(
                new JsonObject { ["action"] = $"{busi.Url}/{start}-{reason}", ["compensate"] = "" })));
        }

        await Dtm.Until("succeed", $"{start}-done");
        await Poll.Until(
            async () => (await List($"gid_prefix={start}&waiting=retry")).Count == 1,
            Poll.Patience,
            static () => "no call waits for a retry",
            Cancel);
        Assert.Equal([$"{start}-answer", $"{start}-retry"], await List($"gid_prefix={start}&unfinished=true"));
        Assert.Equal([$"{start}-answer"], await List($"gid_prefix={start}&waiting=answer"));
        Assert.Empty(await List($"gid_prefix={start}&waiting=silo"));
        Assert.Empty(await List($"gid_prefix={start}&waiting=parked"));
        var rows = (await All($"gid_prefix={start}"))["transactions"]!.AsArray();
        Assert.Null(rows[0]!["waiting"]);
        var waits = rows[2]!["waiting"]!;
        Assert.Equal(("retry", "01"), ((string?)waits["reason"], (string?)waits["branch_id"]));
        Assert.True((int)waits["attempts"]! > 0);
        Assert.Equal(new Uri(busi.Url).Authority, (string?)waits["service"]);
        Assert.Contains("500", (string?)waits["last_error"], StringComparison.Ordinal);
        slow.Open();
        foreach (var (query, message) in new[]
        {
            ("waiting=food", "waiting: 'food' is unknown; one of silo, parked"),
            ("unfinished=1", "unfinished: '1' is neither true nor false"),
            ("waiting=retry&status=failed", "waiting: searches unfinished transactions only; leave out status"),
            ("unfinished=true&status=succeed", "unfinished: searches unfinished transactions only"),
        })
        {
            var answer = await Dtm.Get("all?" + query);
            Assert.Equal(400, answer.Status);
            Assert.Contains(message, answer.Text, StringComparison.Ordinal);
        }
    }

    /// <summary>Reads all pages.</summary>
    private async Task<List<string>> Pages(string filter, int limit, int[] sizes)
    {
        var all = new List<string>();
        var position = "";
        foreach (var size in sizes)
        {
            var json = await All($"{filter}&limit={limit}&position={Uri.EscapeDataString(position)}");
            var page = Gids(json);
            Assert.Equal(size, page.Count);
            all.AddRange(page);
            position = json["next_position"]?.ToString() ?? "";
            // The position is empty if and only if the page is not full.
            Assert.Equal(size < limit, position.Length == 0);
        }

        return all;
    }

    private async Task<List<string>> List(string filter) => Gids(await All(filter));

    private async Task<JsonNode> All(string filter)
    {
        var answer = await Dtm.Get("all?" + filter);
        Assert.True(answer.Status == 200, $"all?{filter} answered {answer.Status}: {answer.Text}");
        return answer.Json!;
    }

    private static List<string> Gids(JsonNode json) =>
        [.. (json["transactions"] as JsonArray ?? []).Select(static t => (string)t!["gid"]!)];

    private async Task<string> RunSaga(Participant busi, bool refused)
    {
        var gid = SagaBody.NewGid();
        var payload = refused ? """{"amount":29}""" : """{"amount":30}""";
        var answer = await Dtm.Submit(
            SagaBody.Of(gid, busi, 1).With("payloads", new JsonArray(payload)).With("wait_result", true));
        Assert.True(answer.Status == (refused ? 409 : 200), $"{answer.Status}: {answer.Text}");
        return gid;
    }

    /// <summary>Returns a time (ms since 1970) after the creation of all transactions so far.</summary>
    private static async Task<string> NextMillisecond()
    {
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var now = before;
        await Poll.Until(
            () => Task.FromResult((now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()) > before + 1),
            Poll.Patience,
            static () => "the clock stands still",
            Cancel);
        return now.ToString(CultureInfo.InvariantCulture);
    }
}
