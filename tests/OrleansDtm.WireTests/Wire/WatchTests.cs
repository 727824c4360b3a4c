using System.Text.Json.Nodes;
using Grpc.Core;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Grpc;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>GET wait and GET events of a running server.</summary>
[Collection(SharedServer.Name)]
public sealed class WatchTests(RunningServer running)
{
    private Dtm Dtm => running.Dtm;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wait_is_answered_at_the_end_with_what_query_answers()
    {
        var gate = new Gate();
        await using var busi = await Participant.Start(_ => Reply.Success.After(gate));
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi));

        var unfinished = await Dtm.Get($"wait?gid={gid}&timeout=0");
        Assert.Equal((425, "submitted"), (unfinished.Status, Status(unfinished)));
        var wait = Dtm.Get($"wait?gid={gid}&timeout=60");
        gate.Open();
        var ended = await wait;

        Assert.Equal((200, "succeed"), (ended.Status, Status(ended)));
        Assert.Equal((await Dtm.Query(gid)).ToJsonString(), ended.Json!.ToJsonString());
        Assert.Equal(ended.Text, (await Dtm.Get($"wait?gid={gid}")).Text);
    }

    /// <summary>The transaction is not in memory while it waits for a retry that is minutes ahead.</summary>
    [Fact]
    public async Task A_wait_outlasts_the_time_that_a_transaction_is_in_memory()
    {
        await using var busi = await Participant.Start(static _ => Reply.Error);
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 3600));
        await Dtm.UntilWaiting(gid);
        var wait = Dtm.Get($"wait?gid={gid}&timeout=60");
        Assert.Equal(200, (await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid })).Status);
        var ended = await wait;
        Assert.Equal((200, "failed"), (ended.Status, Status(ended)));
    }

    [Fact]
    public async Task Unknown_gids_and_bad_parameters_are_refused()
    {
        var unknown = await Dtm.Get("wait?gid=no-such-gid&timeout=60");
        Assert.Equal((404, "FAILURE"), (unknown.Status, unknown.Result));
        Assert.StartsWith("gid: ", (await Dtm.Get("wait")).Message, StringComparison.Ordinal);
        Assert.StartsWith("timeout: ", (await Dtm.Get("wait?gid=x&timeout=-1")).Message, StringComparison.Ordinal);
        Assert.StartsWith("status: ", (await Dtm.Get("events?status=done")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Grpc_waits_too()
    {
        using var dtm = new GrpcDtm(running.Process.GrpcUrl);
        var client = new Coordinator.CoordinatorClient(dtm.Channel);
        await using var busi = await Participant.Start(static _ => Reply.Error);
        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi).With("retry_interval", 3600));

        var early = await client.WaitAsync(new WaitRequest { Gid = gid, Timeout = 0.01 }, cancellationToken: Cancel);
        Assert.Equal("submitted", early.Transaction.Status);
        await Dtm.UntilWaiting(gid);
        var query = await client.QueryAsync(new GidRequest { Gid = gid }, cancellationToken: Cancel);
        var why = query.Transaction.Waiting;
        Assert.Equal(("retry", "01", "action", 1), (why.Reason, why.BranchId, why.Op, why.Attempts));
        Assert.Equal(new Uri(busi.Url).Authority, why.Service);
        Assert.True(why.Until > why.Since);
        foreach (var filter in new[]
        {
            new ListFilter { Unfinished = true, Host = why.Service },
            new ListFilter { Waiting = "retry", Host = why.Service },
        })
        {
            var listed = Assert.Single((await client.ListAsync(filter, cancellationToken: Cancel)).Transactions);
            Assert.Equal((gid, "retry"), (listed.Gid, listed.Waiting.Reason));
        }

        Assert.Empty((await client.ListAsync(
            new ListFilter { Waiting = "parked", Host = why.Service }, cancellationToken: Cancel)).Transactions);
        await GrpcDtm.Fails(
            StatusCode.InvalidArgument,
            client.ListAsync(new ListFilter { Waiting = "forever" }, cancellationToken: Cancel).ResponseAsync);
        var wait = client.WaitAsync(new WaitRequest { Gid = gid, Timeout = 60 }, cancellationToken: Cancel);
        await Dtm.Post("forceStop", new JsonObject { ["gid"] = gid });
        var ended = await wait;
        Assert.Equal(("failed", null), (ended.Transaction.Status, ended.Transaction.Waiting));
        await GrpcDtm.Fails(
            StatusCode.NotFound,
            client.WaitAsync(new WaitRequest { Gid = "no-such-gid" }, cancellationToken: Cancel).ResponseAsync);
        await GrpcDtm.Fails(
            StatusCode.InvalidArgument,
            client.WaitAsync(
                new WaitRequest { Gid = gid, Timeout = double.NaN }, cancellationToken: Cancel).ResponseAsync);
    }

    [Fact]
    public async Task Events_tell_of_each_status_that_the_filter_selects()
    {
        await using var busi = await Participant.Start(
            static c => c.Path == "/Act2" ? Reply.Refusal : Reply.Success);
        var shop = SagaBody.NewGid();
        await using var tagged = await EventClient.Open(Dtm, $"tag=shop:{shop}");
        await using var failed = await EventClient.Open(Dtm, $"tag=shop:{shop}&status=failed");
        var (gid, other) = (SagaBody.NewGid(), SagaBody.NewGid());
        await Dtm.Accept(SagaBody.Of(other, busi));
        await Dtm.Accept(SagaBody.Of(gid, busi).With("tags", new JsonObject { ["shop"] = shop }));

        foreach (var status in new[] { "submitted", "aborting", "failed" })
        {
            var (name, data, _) = await tagged.Next();
            Assert.Equal(
                ("transaction", gid, status, shop),
                (name, (string?)data["gid"], (string?)data["status"], (string?)data["tags"]!["shop"]));
        }

        Assert.Equal("failed", (string?)(await failed.Next()).Data["status"]);
    }

    [Fact]
    public async Task A_reader_that_reconnects_gets_what_it_has_missed_or_a_reset()
    {
        await using var busi = await Participant.Start();
        var shop = SagaBody.NewGid();
        string id;
        await using (var first = await EventClient.Open(Dtm, $"tag=shop:{shop}"))
        {
            id = first.ReadyId;
        }

        var gid = SagaBody.NewGid();
        await Dtm.Accept(SagaBody.Of(gid, busi)
            .With("wait_result", true).With("tags", new JsonObject { ["shop"] = shop }));

        await using var second = await EventClient.Open(Dtm, $"tag=shop:{shop}&last_event_id={id}");
        Assert.Equal("submitted", (string?)(await second.Next()).Data["status"]);
        Assert.Equal("succeed", (string?)(await second.Next()).Data["status"]);
        foreach (var unknown in new[] { "1-1", "what", $"{id}9999999" })
        {
            await using var third = await EventClient.Open(Dtm, $"tag=shop:{shop}&last_event_id={unknown}");
            Assert.Equal("reset", (await third.Next()).Name);
        }
    }

    private static string? Status(Answer answer) => (string?)answer.Json?["transaction"]?["status"];

    /// <summary>Reads server-sent events.</summary>
    private sealed class EventClient : IAsyncDisposable
    {
        private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
        private StreamReader _lines = StreamReader.Null;

        public string ReadyId { get; private set; } = "";

        public static async Task<EventClient> Open(Dtm dtm, string query)
        {
            var client = new EventClient();
            var response = await client._http.GetAsync(
                $"{dtm.Api}/events?{query}", HttpCompletionOption.ResponseHeadersRead, Cancel);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            client._lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
            var ready = await client.Next();
            Assert.Equal("ready", ready.Name);
            client.ReadyId = ready.Id;
            return client;
        }

        /// <summary>Returns the next event with data.</summary>
        public async Task<(string Name, JsonNode Data, string Id)> Next()
        {
            var (name, data, id) = ("", "", "");
            while (await _lines.ReadLineAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancel) is { } line)
            {
                if (line.Length == 0 && data.Length > 0)
                {
                    return (name, JsonNode.Parse(data)!, id);
                }

                name = line.StartsWith("event: ", StringComparison.Ordinal) ? line[7..] : name;
                data = line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : data;
                id = line.StartsWith("id: ", StringComparison.Ordinal) ? line[4..] : id;
            }

            throw new InvalidOperationException("The stream has ended.");
        }

        public ValueTask DisposeAsync()
        {
            _http.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
