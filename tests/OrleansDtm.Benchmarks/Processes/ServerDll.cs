namespace OrleansDtm.Benchmarks.Processes;

/// <summary>Finds the coordinator in the build output.</summary>
internal static class ServerDll
{
    private const string Name = "OrleansDtm.Server";

    /// <summary>
    /// Returns the server in the same CONFIGURATION/FRAMEWORK as this benchmark; null = it is not built.
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
