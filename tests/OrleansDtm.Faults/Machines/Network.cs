using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Faults.Machines;

/// <summary>Addresses, and the wires between silos.</summary>
/// <param name="isReal">Each silo has a network of its own
/// (<see cref="Sandbox"/>); otherwise all share the loopback.</param>
internal sealed class Network(bool isReal)
{
    private readonly HashSet<int> _given = [];

    public bool IsReal => isReal;

    /// <summary>Where everything is that is no silo.</summary>
    public string Host => isReal ? Sandbox.Host : "127.0.0.1";

    /// <summary>Of a silo.</summary>
    public string Of(int slot) => isReal ? $"10.77.{slot + 1}.2" : "127.0.0.1";

    /// <summary>Who has this address; empty = nobody can tell.</summary>
    public string NameOf(IPAddress? address)
    {
        var parts = (address?.MapToIPv4().ToString() ?? "").Split('.');
        return isReal && parts is ["10", "77", var slot, "2"]
            ? SiloProcess.NameOf(int.Parse(slot, CultureInfo.InvariantCulture) - 1)
            : "";
    }

    /// <summary>
    /// Nobody has it, and outgoing connections are not given it: who knocks at the door of somebody who is down could
    /// otherwise be given that very port, and talk to itself.
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
                    // Taken: try another.
                }
            }
        }

        throw new InvalidOperationException("no free port between 21000 and 29000");
    }

    /// <summary>Gives a process in a network namespace of its own its wire.</summary>
    public static async Task Connect(int slot, int life, int process)
    {
        var (wire, net, id) = ($"v{slot}x{life}", $"10.77.{slot + 1}", process.ToString(CultureInfo.InvariantCulture));
        await Shell.Try("ip", "link", "del", $"v{slot}x{life - 1}"); // It goes with its process, but not at once.
        await Shell.Run("ip", "link", "add", wire, "type", "veth", "peer", "name", "e0", "netns", id);
        await Shell.Run("ip", "addr", "add", net + ".1/30", "dev", wire);
        await Shell.Run("ip", "link", "set", wire, "up");
        await Shell.Run(
            "nsenter", "-t", id, "-n", "sh", "-c", $"ip link set lo up && ip addr add {net}.2/30 dev e0 && ip link set "
                + $"e0 up && ip route add default via {net}.1");
    }

    /// <summary>Packets from one silo to another are lost from now on.</summary>
    public Task Part(int from, int to) => Shell.Run("ip", "rule", "add", "from", Of(from), "to", Of(to), "blackhole");

    public Task Join(int from, int to) => Shell.Run("ip", "rule", "del", "from", Of(from), "to", Of(to), "blackhole");
}
