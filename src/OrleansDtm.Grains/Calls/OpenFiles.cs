using System.Globalization;

namespace OrleansDtm.Grains.Calls;

/// <summary>The process's limit of open files (RLIMIT_NOFILE): every connection needs one.</summary>
public static class OpenFiles
{
    /// <summary>Files that listeners, the store, the cluster and files need beside branch calls.</summary>
    private const int Reserve = 256;

    private const int CallsMin = 64;
    private const int CallsMax = 10_000;

    /// <summary>The limit; null = unknown or unlimited.</summary>
    public static long? Limit { get; } = ReadLimit();

    /// <summary>The default of <see cref="DtmGrainOptions.BranchCallsMax"/> on this machine.</summary>
    public static int BranchCalls { get; } = BranchCallsFor(Limit);

    /// <summary>The number of open files now; null = unknown (not on Linux).</summary>
    public static int? Count()
    {
        const string Open = "/proc/self/fd";
        try
        {
            return Directory.Exists(Open) ? Directory.EnumerateFileSystemEntries(Open).Count() : null;
        }
        catch (IOException)
        {
            return (int?)Limit; // Reading the folder needs a file itself.
        }
    }

    /// <summary>
    /// Half of what is left beside the reserve: idle connections that are kept for later calls need the other half.
    /// </summary>
    /// <param name="limit">The limit of open files; null = unknown or unlimited.</param>
    public static int BranchCallsFor(long? limit) =>
        limit is not { } files ? CallsMax : (int)Math.Clamp((files - Reserve) / 2, CallsMin, CallsMax);

    /// <summary>
    /// Reads the limit; null = it is unknown (not on Linux) or unlimited. .NET raises the soft limit to the hard one.
    /// </summary>
    private static long? ReadLimit()
    {
        const string Row = "Max open files";
        const string Limits = "/proc/self/limits";
        if (!File.Exists(Limits))
        {
            return null;
        }

        var row = File.ReadLines(Limits).FirstOrDefault(static line => line.StartsWith(Row, StringComparison.Ordinal));
        var soft = row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, CultureInfo.InvariantCulture, out var files) ? files : null;
    }
}
