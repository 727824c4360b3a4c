using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Faults.Machines;

/// <summary>
/// A wire that can be slow, cut, or silent. What is sent while it is silent arrives when it speaks again, as TCP has
/// it.
/// </summary>
internal sealed class TcpProxy : IDisposable
{
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly ConcurrentDictionary<Socket, byte> _sockets = [];
    private readonly CancellationTokenSource _end = new();
    private volatile TaskCompletionSource? _silence;
    private long _delay;

    /// <param name="address">Where to listen.</param>
    /// <param name="target">Where to connect to: host and port.</param>
    public TcpProxy(string address, string target)
    {
        Address = address;
        Target = target;
        _listener = new TcpListener(IPEndPoint.Parse(address));
        _listener.Start();
        _ = Accept();
    }

    public string Address { get; }

    /// <summary>For new connections.</summary>
    public string Target { get; set; }

    /// <summary>Each piece takes so much longer, either way; it is cut into pieces as it comes.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delay));
        set => Interlocked.Exchange(ref _delay, value.Ticks);
    }

    /// <summary>Nothing passes any more, and nobody is told.</summary>
    public void Hush() => _silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Speak()
    {
        var silence = _silence;
        _silence = null;
        silence?.TrySetResult();
    }

    /// <summary>Every connection is reset; new ones are taken.</summary>
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
            // It has ended by itself.
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
                // Disposed, or a connection that was gone before it was taken.
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
            // Whoever is connected learns of it below.
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
            // The other side is closed by whoever waits for this.
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
