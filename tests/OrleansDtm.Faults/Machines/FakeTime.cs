namespace OrleansDtm.Faults.Machines;

/// <summary>Debian's libfaketime: a process that is started with it has another wall clock than the machine.</summary>
internal static class FakeTime
{
    private static readonly string[] Places =
    [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib64/faketime/libfaketimeMT.so.1",
    ];

    /// <summary>Null = it is not installed.</summary>
    public static string? Library { get; } = Places.FirstOrDefault(File.Exists);

    /// <param name="skew">How far the wall clock is ahead: <c>+1h</c>, <c>-3h</c>. Intervals are measured right all the
    /// same.</param>
    /// <exception cref="InvalidOperationException">It is not installed.</exception>
    public static (string Name, string Value)[] Variables(string skew) =>
    [
        ("LD_PRELOAD", Library ?? throw new InvalidOperationException("faketime is not installed")),
        ("FAKETIME", skew),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
}
