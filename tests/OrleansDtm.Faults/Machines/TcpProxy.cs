using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Faults.Machines;

/// <summary>
/// A TCP proxy that can delay, reset or hold back traffic. Held-back data arrives after <see cref="Speak"/>, as TCP
/// would retransmit it.
/// </summary>
internal sealed class TcpProxy : IDisposable
{
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly ConcurrentDictionary<Socket, byte> _sockets = [];
    private readonly CancellationTokenSource _end = new();
    private volatile TaskCompletionSource? _silence;
    private long _delay;

    /// <param name="address">The address to listen on: host and port.</param>
    /// <param name="target">The address to connect to: host and port.</param>
    public TcpProxy(string address, string target)
    {
        Address = address;
        Target = target;
        _listener = new TcpListener(IPEndPoint.Parse(address));
        _listener.Start();
        _ = Accept();
    }

    public string Address { get; }

    /// <summary>The address for new connections.</summary>
    public string Target { get; set; }

    /// <summary>The added latency of each received block, in both directions.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delay));
        set => Interlocked.Exchange(ref _delay, value.Ticks);
    }

    /// <summary>Holds back all traffic without closing a connection.</summary>
    public void Hush() => _silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Speak()
    {
        var silence = _silence;
        _silence = null;
        silence?.TrySetResult();
    }

    /// <summary>Resets all connections. New ones are accepted.</summary>
    public void Cut()
    {
        foreach (var socket in _sockets.Keys)
        {
            Reset(socket);
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        Cut();
        _end.Dispose();
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is closed already.
        }

        socket.Dispose();
    }

    private async Task Accept()
    {
        var end = _end.Token;
        while (!end.IsCancellationRequested)
        {
            try
            {
                _ = Serve(await _listener.AcceptSocketAsync(end));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The proxy was disposed, or the connection was closed before it was accepted.
            }
        }
    }

    private async Task Serve(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets[near] = 0;
        _sockets[far] = 0;
        try
        {
            (near.NoDelay, far.NoDelay) = (true, true);
            await Pass();
            await far.ConnectAsync(IPEndPoint.Parse(Target)).WaitAsync(Connecting);
            await Task.WhenAny(Pump(near, far), Pump(far, near));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or TimeoutException)
        {
            // The client's connection is reset below.
        }
        finally
        {
            _sockets.TryRemove(near, out _);
            _sockets.TryRemove(far, out _);
            Reset(near);
            far.Dispose();
        }
    }

    private async Task Pump(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await Pass();
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Serve closes the other side.
        }
    }

    private async Task Pass()
    {
        if (_silence is { } silence)
        {
            await silence.Task;
        }

        if (Delay is { Ticks: > 0 } delay)
        {
            await Task.Delay(delay);
        }
    }
}
