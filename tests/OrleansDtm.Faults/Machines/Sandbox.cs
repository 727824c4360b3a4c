using System.Diagnostics;

namespace OrleansDtm.Faults.Machines;

/// <summary>
/// Namespaces of the kernel in which the whole run lives: a network of its own, so that silos can be parted from each
/// other by losing packets, a disk in memory that can be full, and processes that cannot outlive the run. Needs root,
/// or a kernel that lets everybody have user namespaces; otherwise the run goes on without, and without the faults that
/// need it.
/// </summary>
internal static class Sandbox
{
    /// <summary>The argument that says: it is inside.</summary>
    public const string Inside = "--inside";

    /// <summary>Of this address everything that is not a silo is reached.</summary>
    public const string Host = "10.77.0.1";

    private static readonly string[] Options = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

    /// <summary>Runs this very program once more, inside.</summary>
    /// <returns>Its exit code; null = there is no such thing here.</returns>
    public static async Task<int?> Enter(string[] args)
    {
        var program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, Path.Combine(AppContext.BaseDirectory, typeof(Sandbox).Assembly.GetName().Name + ".dll")]
            : [program];
        string[] options = Environment.UserName == "root" ? Options : [.. Options, "--user", "--map-root-user"];
        if (!OperatingSystem.IsLinux() || !await Shell.Try(
            "unshare",
            [.. options, "sh", "-c", "ip link set lo up && ip link add vtest type veth && mount -t tmpfs tmpfs /mnt"]))
        {
            return null;
        }

        using var inner = Process.Start(new ProcessStartInfo("unshare", [.. options, .. self, .. args, Inside]))!;
        await inner.WaitForExitAsync();
        return inner.ExitCode;
    }

    /// <summary>The first thing to do inside.</summary>
    /// <param name="folder">Becomes a disk in memory.</param>
    /// <param name="bytes">Its size.</param>
    public static async Task Prepare(string folder, long bytes)
    {
        await Shell.Run("ip", "link", "set", "lo", "up");
        await Shell.Run("ip", "addr", "add", Host + "/32", "dev", "lo");
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1");
        await Shell.Run("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", folder);
    }
}
