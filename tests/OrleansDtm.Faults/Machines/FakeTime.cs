namespace OrleansDtm.Faults.Machines;

/// <summary>Debian's libfaketime. Gives a process another wall clock than the machine's.</summary>
internal static class FakeTime
{
    private static readonly string[] Places =
    [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib64/faketime/libfaketimeMT.so.1",
    ];

    /// <summary>The path of the library; null = it is not installed.</summary>
    public static string? Library { get; } = Places.FirstOrDefault(File.Exists);

    /// <param name="skew">
    /// The offset of the wall clock: <c>+1h</c>, <c>-3h</c>. Measured intervals stay correct.
    /// </param>
    /// <exception cref="InvalidOperationException">libfaketime is not installed.</exception>
    public static (string Name, string Value)[] Variables(string skew) =>
    [
        ("LD_PRELOAD", Library ?? throw new InvalidOperationException("faketime is not installed")),
        ("FAKETIME", skew),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
}
