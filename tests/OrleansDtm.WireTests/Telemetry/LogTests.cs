using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>The content of the log, and the secrets that it must not contain.</summary>
[Collection(TelemetryServers.Name)]
public sealed class LogTests(TracedServer servers)
{
    private const string Secret = "s3cret-4711";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failing_saga_leaves_no_payload_header_or_secret_of_a_URL_in_the_log()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Silent);
        busi.On("/Act1", new Reply(500, Secret), Reply.Success);
        busi.On("/Act2", new Reply(409, $"FAILURE {Secret}"));
        busi.On("/Comp1", new Reply(500, Secret), Reply.Success);
        var gid = SagaBody.NewGid();
        var body = SagaBody.Of(gid, busi)
            .With("branch_headers", new JsonObject { ["authorization"] = Secret })
            .With("callback_url", $"http://127.0.0.1:1/?key={Secret}");
        body["steps"]![0]!["action"] = $"{busi.Url}/Act1?token={Secret}";
        body["payloads"] = new JsonArray($$"""{"pin":"{{Secret}}"}""", Secret);

        await dtm.Accept(body);
        await dtm.Until("failed", gid);
        await dtm.Submit(new JsonObject { ["gid"] = gid, ["trans_type"] = Secret });
        var refused = SagaBody.Of(SagaBody.NewGid(), busi);
        refused["steps"]![0]!["action"] =
            busi.Url.Replace("http://", $"http://me:{Secret}@", StringComparison.Ordinal) + "/Act1";
        Assert.Equal(400, (await dtm.Submit(refused)).Status);
        await dtm.Send(HttpMethod.Post, dtm.Api + "/submit?token=" + Secret, "{\"gid\":\"" + Secret);

        Assert.DoesNotContain(servers.Log.All(), static line => line.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lines_are_JSON_where_that_is_asked_for()
    {
        var server = servers.Silent;
        await Poll.Until(
            () => Task.FromResult(server.Tail.Contains("is ready after", StringComparison.Ordinal)),
            Poll.Patience,
            () => server.Tail,
            Cancel);

        var ready = server.Tail.Split('\n')
            .Select(static line => JsonNode.Parse(line)!)
            .Single(static line => (int)line["EventId"]! == 101);
        Assert.Equal(("Information", "OrleansDtm.Server"), ((string?)ready["LogLevel"], (string?)ready["Category"]));
        Assert.Contains("dtm.db", (string?)ready["State"]!["Store"], StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_about_a_transaction_say_which_it_is_and_its_trace()
    {
        using var lines = new ScopedLog();
        using (LogScope.Begin(lines, "g1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        {
            lines.LogWarning("lost");
        }

        var error = new InvalidOperationException("a bug");
        Assert.False(LogScope.Note(error, "g2\r\nforged: line"));
        using (LogScope.Begin(lines, error))
        {
            lines.LogError(error, "failed");
        }

        Assert.Equal(
            ["gid:g1 trace_id:0af7651916cd43dd8448eb211c80319c lost", "gid:g2??forged: line failed"], lines.Written);
    }

    /// <summary>Records each line with its scopes.</summary>
    private sealed class ScopedLog : ILogger, IDisposable
    {
        private readonly LoggerExternalScopeProvider _scopes = new();

        public ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var line = "";
            _scopes.ForEachScope((scope, _) => line += $"{scope} ", 0);
            Written.Enqueue(line + formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
