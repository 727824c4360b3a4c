namespace OrleansDtm.Grains.Running;

/// <summary>
/// Defaults that follow from the memory that .NET may use: that of the machine, the container or the heap limit.
/// </summary>
public static class MemoryShare
{
    /// <summary>The memory one large transaction may need while it is loaded: its row, its texts, its copies.</summary>
    private const long LoadBytes = 24 * 1024 * 1024;

    private const long LiveBytesMin = 32 * 1024 * 1024;

    /// <summary>The memory that .NET may use, in bytes.</summary>
    public static long Available { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The default of <see cref="DtmGrainOptions.LiveBytesMax"/>.</summary>
    public static long LiveBytes { get; } = Math.Max(LiveBytesMin, Available / 8);

    /// <summary>The default of <see cref="DtmGrainOptions.SweepConcurrency"/>.</summary>
    public static int SweepConcurrency { get; } = (int)Math.Clamp(Available / LoadBytes, 4, 64);
}
