using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>
/// An HTTP proxy on a free port that forwards plain requests and opens tunnels. The test determines their target,
/// whatever the request names.
/// </summary>
internal sealed class HttpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private readonly List<string> _asked = [];

    public HttpProxy(IPEndPoint leadsTo)
    {
        _listener.Start();
        _serving = Serve(leadsTo);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The heads of the received requests.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_asked)
            {
                return [.. _asked];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _serving;
        _end.Dispose();
    }

    private async Task Serve(IPEndPoint leadsTo)
    {
        try
        {
            while (true)
            {
                _ = Pass(await _listener.AcceptTcpClientAsync(_end.Token), leadsTo);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private async Task Pass(TcpClient client, IPEndPoint leadsTo)
    {
        using var target = new TcpClient();
        using (client)
        {
            try
            {
                var (from, head) = (client.GetStream(), new StringBuilder());
                var one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)
                    && await from.ReadAsync(one, _end.Token) > 0)
                {
                    head.Append((char)one[0]);
                }

                lock (_asked)
                {
                    _asked.Add(head.ToString());
                }

                await target.ConnectAsync(leadsTo, _end.Token);
                var to = target.GetStream();
                if (head.ToString().StartsWith("CONNECT ", StringComparison.Ordinal))
                {
                    await from.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _end.Token);
                }
                else
                {
                    await to.WriteAsync(Encoding.Latin1.GetBytes(head.ToString()), _end.Token);
                }

                await Task.WhenAny(from.CopyToAsync(to, _end.Token), to.CopyToAsync(from, _end.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // One side closed the connection.
            }
        }
    }
}
