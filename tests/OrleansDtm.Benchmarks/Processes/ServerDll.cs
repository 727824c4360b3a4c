namespace OrleansDtm.Benchmarks.Processes;

/// <summary>Where the build put the coordinator.</summary>
internal static class ServerDll
{
    private const string Name = "OrleansDtm.Server";

    /// <summary>
    /// From tests/OrleansDtm.Benchmarks/bin/CONFIGURATION/FRAMEWORK to the same place of the server; null if it is not
    /// built.
    /// </summary>
    public static string? Find()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var configuration = framework.Parent;
        var root = configuration?.Parent?.Parent?.Parent?.Parent;
        if (root is null)
        {
            return null;
        }

        var dll = Path.Combine(root.FullName, "src", Name, "bin", configuration!.Name, framework.Name, Name + ".dll");
        return File.Exists(dll) ? dll : null;
    }
}
