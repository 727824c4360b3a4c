using System.Diagnostics;

namespace OrleansDtm.Faults.Machines;

/// <summary>
/// The Linux namespaces in which the whole run lives: a network in which packets between silos can be dropped, a disk
/// in memory that can be filled, and processes that cannot outlive the run. Needs root, or a kernel that allows user
/// namespaces to all users. Otherwise the run continues without namespaces and without the faults that need them.
/// </summary>
internal static class Sandbox
{
    /// <summary>The argument that marks the process inside the namespaces.</summary>
    public const string Inside = "--inside";

    /// <summary>The address of everything that is not a silo.</summary>
    public const string Host = "10.77.0.1";

    private static readonly string[] Options = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

    /// <summary>Starts this program again inside new namespaces.</summary>
    /// <returns>The exit code; null = namespaces are not available.</returns>
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

    /// <summary>Prepares the namespaces. Must be the first call inside.</summary>
    /// <param name="folder">The folder that becomes a disk in memory.</param>
    /// <param name="bytes">The size of the disk.</param>
    public static async Task Prepare(string folder, long bytes)
    {
        await Shell.Run("ip", "link", "set", "lo", "up");
        await Shell.Run("ip", "addr", "add", Host + "/32", "dev", "lo");
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1");
        await Shell.Run("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", folder);
    }
}
