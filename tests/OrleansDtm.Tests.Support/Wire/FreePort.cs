using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// Ports below the range from which outgoing connections take theirs: while a server is down, a client that knocks at
/// its port could otherwise be given that very port, and talk to itself.
/// </summary>
public static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>Of loopback; never the same twice, for whoever was given one may not listen yet.</summary>
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
                // Taken: try another.
            }
        }

        throw new InvalidOperationException("no free port between 21000 and 29000");
    }
}
