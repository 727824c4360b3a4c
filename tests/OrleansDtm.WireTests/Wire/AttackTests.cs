using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>
/// All known ways of one caller to starve a small process, at the same time. Probes and the transactions of others must
/// not notice. ATTACK_SECONDS sets the duration. The bounds are wide, because other tests run beside it.
/// </summary>
public sealed class AttackTests(ITestOutputHelper output)
{
    private const int OpenFiles = 1024;
    private const int MemoryMax = 512 * 1024 * 1024;

    /// <summary>384 MiB: what .NET takes for its heap in a container of 512 MiB.</summary>
    private const string HeapMax = "0x18000000";

    private static readonly TimeSpan HealthMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SagaMax = TimeSpan.FromSeconds(90);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(
            Environment.GetEnvironmentVariable("ATTACK_SECONDS"), CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : 10);

    [Fact]
    public async Task Health_and_submits_are_answered_under_all_attacks_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "prlimit and 127.0.0.0/8 are Linux'.");
        await using var busi = await Participant.Start(static call =>
            call.Path.StartsWith("/Go", StringComparison.Ordinal) ? Reply.Ongoing : Reply.Success);
        using var trap = new Trap();
        await using var server = await ServerProcess.StartLimited(
            OpenFiles, Cancel, ("DOTNET_GCHeapHardLimit", HeapMax));
        using var dtm = new Dtm(server, TimeSpan.FromSeconds(60));
        await Store(dtm, busi, trap);
        using var attack = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var listings = Enumerable.Range(0, 4).Select(_ => List(server, attack.Token)).ToArray();

        var (longestHealth, longestSaga, sagas, memory) = (TimeSpan.Zero, TimeSpan.Zero, 0, 0L);
        var watch = Stopwatch.StartNew();
        var isKilled = false;
        while (watch.Elapsed < Duration)
        {
            if (!isKilled && watch.Elapsed > Duration / 2)
            {
                // The stored attacks start again with the process.
                await server.Kill(Cancel);
                await server.Restart(Cancel);
                isKilled = true;
            }

            var started = watch.Elapsed;
            var health = await dtm.Send(HttpMethod.Get, server.Url + "/health/ready", null);
            Assert.True(health.Status == 200, $"{watch.Elapsed}: {health.Status} {health.Text}\n{server.Tail}");
            longestHealth = Max(longestHealth, watch.Elapsed - started);

            started = watch.Elapsed;
            var gid = SagaBody.NewGid();
            await dtm.Accept(SagaBody.Of(gid, busi));
            await dtm.Until(gid, SagaMax, "succeed");
            longestSaga = Max(longestSaga, watch.Elapsed - started);
            sagas++;
            memory = Math.Max(memory, Memory(server.Id));
        }

        await attack.CancelAsync();
        await Task.WhenAll(listings);
        output.WriteLine($"{sagas} sagas, the longest {longestSaga.TotalSeconds:F1} s; health at most "
            + $"{longestHealth.TotalSeconds:F1} s; {trap.Count} calls hang; {busi.Calls.Count} calls; "
            + $"{memory / 1024 / 1024} MiB");
        Assert.True(longestHealth < HealthMax, $"health took {longestHealth}");
        Assert.True(longestSaga < SagaMax, $"a saga took {longestSaga}");
        Assert.InRange(trap.Count, 1, OpenFiles);
        Assert.InRange(memory, 1, MemoryMax);
    }

    /// <summary>Stores the attacks that need no further request.</summary>
    private static async Task Store(Dtm dtm, Participant busi, Trap trap)
    {
        // A thousand branches that go on and on.
        await dtm.Accept(Message(Enumerable.Range(0, 1000).Select(i => $"{busi.Url}/Go{i}")));

        // Many services, each of which hangs.
        for (var net = 2; net < 11; net++)
        {
            await dtm.Accept(Message(Enumerable.Range(1, 250).Select(i => trap.Url($"127.0.{net}.{i}")))
                .With("request_timeout", 86400));
        }

        // Hundreds of transactions that fill one service.
        for (var i = 0; i < 600; i++)
        {
            await dtm.Accept(Message([trap.Url("127.0.0.1")]).With("request_timeout", 86400));
        }

        // Large rows for listings.
        for (var i = 0; i < 60; i++)
        {
            var prepared = await dtm.Post("prepare", new JsonObject
            {
                ["gid"] = SagaBody.NewGid(),
                ["trans_type"] = "tcc",
                ["timeout_to_fail"] = 3600,
                ["custom_data"] = new string('x', 3 * 1024 * 1024),
            });
            Assert.True(prepared.Status == 200, prepared.Message);
        }
    }

    private static JsonObject Message(IEnumerable<string> urls)
    {
        string[] all = [.. urls];
        return new JsonObject
        {
            ["gid"] = SagaBody.NewGid(),
            ["trans_type"] = "msg",
            ["concurrent"] = true,
            ["retry_interval"] = 0.001,
            ["steps"] = new JsonArray([.. all.Select(static url => new JsonObject { ["action"] = url })]),
            ["payloads"] = new JsonArray([.. all.Select(static _ => JsonValue.Create("{}"))]),
        };
    }

    private static async Task List(ServerProcess server, CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await http.GetByteArrayAsync(new Uri(server.Url + "/api/dtmsvr/all?limit=1000"), stop);
            }
            catch (Exception e) when (e is HttpRequestException or SocketException or OperationCanceledException)
            {
                // The server was killed, or the test ends. What a listing answers is not what is tested.
            }
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>Memory that cannot be reclaimed: a container is killed when this passes its limit.</summary>
    private static long Memory(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(
            static l => l.StartsWith("RssAnon:", StringComparison.Ordinal));
        var kib = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kib, CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>A port on all loopback addresses that accepts connections and never answers.</summary>
    private sealed class Trap : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Any, 0);
        private readonly List<TcpClient> _held = [];

        public Trap()
        {
            _listener.Start(4096);
            _ = Hold();
        }

        /// <summary>Connections so far.</summary>
        public int Count
        {
            get
            {
                lock (_held)
                {
                    return _held.Count(static c => IsOpen(c.Client));
                }
            }
        }

        public string Url(string address) => $"http://{address}:{((IPEndPoint)_listener.LocalEndpoint).Port}/hang";

        public void Dispose()
        {
            _listener.Dispose();
            lock (_held)
            {
                _held.ForEach(static c => c.Dispose());
            }
        }

        private static bool IsOpen(Socket socket) => !(socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0);

        private async Task Hold()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    lock (_held)
                    {
                        _held.Add(client);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }
    }
}
