using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using OrleansDtm.Fuzz.Engine;

namespace OrleansDtm.Fuzz.Server;

/// <summary>
/// Sends raw bytes on a connection. The coordinator must respond or close soon, without an internal error.
/// </summary>
internal sealed class RawHttpTarget(Coordinator coordinator, Tally tally) : Target("http-raw", Requests)
{
    /// <summary>The time to wait for a response. The coordinator waits for the rest of an incomplete request.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private static IReadOnlyList<byte[]> Requests { get; } =
    [
        .. Corpus.Texts(
            "GET /api/dtmsvr/query?gid=g1 HTTP/1.1\r\nHost: x\r\ntraceparent: "
            + "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=b\r\n\r\n",
            "GET /api/ping HTTP/1.0\r\n\r\n",
            "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "GET /api/metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /api/dtmsvr/submit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
            + "chunked\r\n\r\n5\r\n{\"gid\r\n3;x=y\r\n\":1\r\n0\r\n\r\n",
            "POST /api/dtmsvr/submit HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"),
        .. Corpus.Bodies.Take(4).Select(static body => (byte[])
            [.. Encoding.ASCII.GetBytes("POST /api/dtmsvr/submit HTTP/1.1\r\nHost: x\r\nContent-Type: "
                + $"application/json\r\nContent-Length: {body.Length}\r\n\r\n"), .. body]),
    ];

    public override async Task<string?> Try(byte[] input, CancellationToken cancel)
    {
        tally.Sent();
        var answer = await Sockets.Exchange(
            coordinator.Http, Harmless.Of(input, coordinator.BranchAuthority), Patience, cancel);
        return answer.StartsWith("HTTP/1.1 5", StringComparison.Ordinal)
            && !answer.StartsWith("HTTP/1.1 505", StringComparison.Ordinal)
            ? $"answered {answer.Split('\r')[0]}"
            : null;
    }
}

/// <summary>Invalid HTTP/2 frames.</summary>
internal sealed class RawHttp2Target(Coordinator coordinator) : Target("http2-raw", Frames)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private static IReadOnlyList<byte[]> Frames { get; } =
    [
        Preface,
        [.. Preface, .. Frame(4, 0, 0, []), .. Frame(1, 4, 1, Headers()), .. Frame(0, 1, 1, [0, 0, 0, 0, 2, 10, 0])],
        [.. Preface, .. Frame(4, 0, 0, [0, 3, 0, 0, 0, 100]), .. Frame(8, 0, 0, [0, 1, 0, 0]), .. Frame(
            6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])],
        [.. Preface, .. Frame(4, 0, 0, []), .. Frame(1, 0, 1, Headers()), .. Frame(9, 4, 1, []), .. Frame(
            3, 0, 1, [0, 0, 0, 8])],
    ];

    public override async Task<string?> Try(byte[] input, CancellationToken cancel)
    {
        await Sockets.Exchange(coordinator.Grpc, input, Patience, cancel);
        return null;
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static byte[] Headers() =>
    [
        0x83, 0x86, 0x04, .. Text("/dtmgimp.Dtm/NewGid"), 0x01, .. Text("x"),
        0x00, .. Text("content-type"), .. Text("application/grpc"), 0x00, .. Text("te"), .. Text("trailers"),
    ];

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}

/// <summary>
/// A branch with arbitrary responses. Its saga must go forward, go back or wait, without another effect.
/// </summary>
internal sealed class LyingBranchTarget : Target, IDisposable
{
    private readonly Coordinator _coordinator;
    private readonly Tally _tally;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(4) };

    public LyingBranchTarget(Coordinator coordinator, Tally tally)
        : base("branch-socket", Answers)
    {
        (_coordinator, _tally) = (coordinator, tally);
        _listener.Start();
    }

    private static IReadOnlyList<byte[]> Answers { get; } = Corpus.Texts(
        "HTTP/1.1 200 OK\r\nContent-Length: 25\r\nContent-Type: application/json\r\n\r\n{\"dtm_result\":\"SUCCESS\"}\n",
        "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nFAILURE\r\n0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");

    public override async Task<string?> Try(byte[] input, CancellationToken cancel)
    {
        var branch = string.Create(
            CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var lying = Lie(input, over.Token);
        _tally.Sent();
        using var answer = await _client.PostAsJsonAsync(
            new Uri(string.Create(
                CultureInfo.InvariantCulture, $"http://127.0.0.1:{_coordinator.Http.Port}/api/dtmsvr/submit")),
            new
            {
                gid = Guid.NewGuid().ToString("N"),
                trans_type = "saga",
                protocol = input.Length % 2 == 0 ? "http" : "json-rpc",
                wait_result = true,
                request_timeout = 0.3,
                steps = new[] { new { action = branch, compensate = "" } },
                payloads = new[] { "{}" },
            },
            cancel);
        await over.CancelAsync();
        await lying;
        return (int)answer.StatusCode is 200 or 409 or 425
            ? null
            : $"a saga was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}";
    }

    public void Dispose()
    {
        _listener.Dispose();
        _client.Dispose();
    }

    private async Task Lie(byte[] input, CancellationToken over)
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync(over);
                await connection.ReceiveAsync(new byte[16 * 1024], over);
                await connection.SendAsync(input, over);
                connection.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The listener is closed.
        }
    }
}

internal static class Sockets
{
    private static readonly TimeSpan More = TimeSpan.FromMilliseconds(5);

    /// <summary>Sends the input and reads until the other side closes or is silent for a while.</summary>
    public static async Task<string> Exchange(
        IPEndPoint server, byte[] input, TimeSpan patience, CancellationToken cancel)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await socket.ConnectAsync(server, cancel);
        var buffer = new byte[4096];
        var answer = new StringBuilder();
        try
        {
            await socket.SendAsync(input, cancel);
            waiting.CancelAfter(patience);
            while (await socket.ReceiveAsync(buffer, waiting.Token) is > 0 and var count
                && answer.Length < buffer.Length)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
                waiting.CancelAfter(More); // The rest of a response follows at once.
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            // The coordinator closed the connection, or it waits for more input.
        }

        return answer.ToString();
    }
}
