namespace OrleansDtm.Tests.Support;

/// <summary>Finds files of the repository from the folder in which the tests run.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find();

    public static string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(System.IO.Path.Combine(folder.FullName, "OrleansDtm.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No OrleansDtm.sln above {AppContext.BaseDirectory}.");
    }
}
