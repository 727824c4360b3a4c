using System.Runtime.InteropServices;

namespace OrleansDtm.Server.Hosting;

/// <summary>
/// Lets glibc return what SQLite no longer uses. Without it, glibc raises its threshold with every large block that is
/// freed, keeps large blocks in arenas, one for each few threads, and a listing of large rows leaves hundreds of
/// megabytes that nothing uses.
/// </summary>
internal static class NativeMemory
{
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int ArenasMax = -8;

    /// <summary>
    /// To be called before other threads allocate. Does nothing where there is no glibc, or where the environment sets
    /// glibc's own variables (MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_ and others).
    /// </summary>
    public static void ReturnLargeBlocks()
    {
        if (!OperatingSystem.IsLinux() || IsSetByEnvironment())
        {
            return;
        }

        try
        {
            _ = Set(MapThreshold, 128 * 1024);
            _ = Set(TrimThreshold, 8 * 1024 * 1024);
            _ = Set(ArenasMax, 2);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // musl has neither arenas nor mallopt.
        }
    }

    private static bool IsSetByEnvironment() =>
        Environment.GetEnvironmentVariables().Keys.OfType<string>().Any(static name =>
            name.StartsWith("MALLOC_", StringComparison.Ordinal) || name == "GLIBC_TUNABLES");

    [DllImport("libc.so.6", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Set(int parameter, int value);
}
