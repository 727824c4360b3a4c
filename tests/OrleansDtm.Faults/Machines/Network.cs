using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Faults.Machines;

/// <summary>Addresses, and the links between silos.</summary>
/// <param name="isReal">
/// True = each silo has its own network (<see cref="Sandbox"/>); false = all share the loopback.
/// </param>
internal sealed class Network(bool isReal)
{
    private readonly HashSet<int> _given = [];

    public bool IsReal => isReal;

    /// <summary>The address of everything except silos.</summary>
    public string Host => isReal ? Sandbox.Host : "127.0.0.1";

    /// <summary>Returns a silo's address.</summary>
    public string Of(int slot) => isReal ? $"10.77.{slot + 1}.2" : "127.0.0.1";

    /// <summary>Returns the name of the silo with this address; empty = unknown.</summary>
    public string NameOf(IPAddress? address)
    {
        var parts = (address?.MapToIPv4().ToString() ?? "").Split('.');
        return isReal && parts is ["10", "77", var slot, "2"]
            ? SiloProcess.NameOf(int.Parse(slot, CultureInfo.InvariantCulture) - 1)
            : "";
    }

    /// <summary>
    /// Returns a free port outside the range of outgoing connections. Otherwise a connection attempt to a stopped silo
    /// could get the silo's port as its own source port and connect to itself.
    /// </summary>
    public int FreePort()
    {
        lock (_given)
        {
            for (var tries = 0; tries < 500; tries++)
            {
                var port = Random.Shared.Next(21_000, 29_000);
                try
                {
                    using var probe = new TcpListener(IPAddress.Any, port);
                    probe.Start();
                    if (_given.Add(port))
                    {
                        return port;
                    }
                }
                catch (SocketException)
                {
                    // The port is in use.
                }
            }
        }

        throw new InvalidOperationException("no free port between 21000 and 29000");
    }

    /// <summary>Connects a process's network namespace to the host.</summary>
    public static async Task Connect(int slot, int life, int process)
    {
        var (wire, net, id) = ($"v{slot}x{life}", $"10.77.{slot + 1}", process.ToString(CultureInfo.InvariantCulture));
        // The kernel removes it after the process ended, but not at once.
        await Shell.Try("ip", "link", "del", $"v{slot}x{life - 1}");
        await Shell.Run("ip", "link", "add", wire, "type", "veth", "peer", "name", "e0", "netns", id);
        await Shell.Run("ip", "addr", "add", net + ".1/30", "dev", wire);
        await Shell.Run("ip", "link", "set", wire, "up");
        await Shell.Run(
            "nsenter", "-t", id, "-n", "sh", "-c", $"ip link set lo up && ip addr add {net}.2/30 dev e0 && ip link set "
                + $"e0 up && ip route add default via {net}.1");
    }

    /// <summary>Starts to drop the packets from one silo to another.</summary>
    public Task Part(int from, int to) => Shell.Run("ip", "rule", "add", "from", Of(from), "to", Of(to), "blackhole");

    public Task Join(int from, int to) => Shell.Run("ip", "rule", "del", "from", Of(from), "to", Of(to), "blackhole");
}
