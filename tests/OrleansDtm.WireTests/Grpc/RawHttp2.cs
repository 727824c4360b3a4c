using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>HTTP/2 frames written by hand, valid and invalid ones.</summary>
internal static class RawHttp2
{
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public static Dictionary<string, byte[]> Rubbish { get; } = new()
    {
        ["noise"] = [.. Enumerable.Range(0, 4096).Select(static i => (byte)(i * 31))],
        ["HTTP/1.1"] = "GET /api/ping HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(),
        ["settings of 5 bytes"] = [.. Preface, .. Frame(Settings, 0, 0, new byte[5])],
        ["a frame of 16 MB"] = [.. Preface, .. Frame(Settings, 0, 0, []), 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1],
        ["data on no stream"] = [.. Preface, .. Frame(Settings, 0, 0, []), .. Frame(0, 0, 0, [1, 2, 3])],
        ["headers that do not decompress"] = [.. Preface, .. Frame(Settings, 0, 0, []), .. Frame(
            Headers, 4, 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])],
        ["an even stream"] = [.. Preface, .. Frame(Settings, 0, 0, []), .. Frame(Headers, 4, 2, Request())],
    };

    /// <summary>Opens and resets calls until the server closes the connection.</summary>
    public static async Task Flood(NetworkStream stream, Task closed, CancellationToken cancel)
    {
        await stream.WriteAsync((byte[])[.. Preface, .. Frame(Settings, 0, 0, [])], cancel);
        var request = Request();
        byte[] cancelled = [0, 0, 0, 8];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Poll.Patience);
        try
        {
            for (var id = 1; !closed.IsCompleted; id += 200)
            {
                var burst = new List<byte>();
                for (var i = 0; i < 200; i += 2)
                {
                    burst.AddRange(Frame(Headers, 4, id + i, request));
                    burst.AddRange(Frame(Reset, 0, id + i, cancelled));
                }

                await stream.WriteAsync(burst.ToArray(), patience.Token);
            }
        }
        catch (IOException)
        {
            // The server closed the connection during a write.
        }
    }

    /// <summary>Reads until the other side closes.</summary>
    public static async Task Closes(NetworkStream stream, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Poll.Patience);
        var buffer = new byte[64 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, patience.Token) > 0)
            {
                // The content is irrelevant.
            }
        }
        catch (IOException)
        {
            // A reset also closes the connection.
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException("the connection is still open");
        }
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>The headers of a call whose message is never sent.</summary>
    private static byte[] Request() =>
    [
        0x83, // :method POST
        0x86, // :scheme http
        0x04, .. Text("/dtmgimp.Dtm/Submit"),
        0x01, .. Text("localhost"),
        0x00, .. Text("content-type"), .. Text("application/grpc"),
        0x00, .. Text("te"), .. Text("trailers"),
    ];

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
