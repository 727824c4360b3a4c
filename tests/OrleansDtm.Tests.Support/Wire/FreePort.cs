using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// Free ports outside the range of outgoing connections. Otherwise a connection attempt to a stopped server could get
/// the server's port as its own source port and connect to itself.
/// </summary>
public static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>
    /// Returns a free loopback port, never the same one twice, because its user may not listen on it yet.
    /// </summary>
    public static int Next()
    {
        for (var tries = 0; tries < 200; tries++)
        {
            var port = Random.Shared.Next(21_000, 29_000);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                if (Given.TryAdd(port, true))
                {
                    return port;
                }
            }
            catch (SocketException)
            {
                // The port is in use.
            }
        }

        throw new InvalidOperationException("no free port between 21000 and 29000");
    }
}
