using System.Diagnostics;
using System.Globalization;

namespace OrleansDtm.Benchmarks.Processes;

/// <summary>
/// The CPU time and memory of a process; null = the process is unknown, such as a server on another machine.
/// </summary>
internal static class Meter
{
    public static TimeSpan? Cpu(int? pid) => Read(pid, process => process.TotalProcessorTime);

    public static double? WorkingSetMegabytes(int? pid) => Read(pid, process => process.WorkingSet64 / 1048576.0);

    /// <summary>Returns the CPU time of all processes and the kernel; null = /proc does not contain it.</summary>
    public static TimeSpan? MachineCpu()
    {
        const string Statistics = "/proc/stat";
        const int TicksPerSecond = 100;
        if (!File.Exists(Statistics))
        {
            return null;
        }

        // Columns: cpu user nice system idle iowait irq softirq steal guest guest_nice. The last two are included in
        // user and nice; steal is the time of other guests on the host.
        var fields = File.ReadLines(Statistics).First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] busy = [1, 2, 3, 6, 7, 8];
        return TimeSpan.FromSeconds(
            busy.Sum(i => long.Parse(fields[i], CultureInfo.InvariantCulture)) / (double)TicksPerSecond);
    }

    private static T? Read<T>(int? pid, Func<Process, T> value)
        where T : struct
    {
        if (pid is null)
        {
            return null;
        }

        try
        {
            using var process = Process.GetProcessById(pid.Value);
            return value(process);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The process has exited; the row reports errors then.
            return null;
        }
    }
}
