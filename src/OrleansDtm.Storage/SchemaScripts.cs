using System.Globalization;

namespace OrleansDtm.Storage;

/// <summary>A step of a schema.</summary>
internal sealed record SchemaScript(int Version, string Name, string Sql);

/// <summary>The scripts of <c>/sql/&lt;driver&gt;/</c>, which are resources of this assembly.</summary>
internal static class SchemaScripts
{
    /// <summary>
    /// The steps <c>NNNN_name.sql</c> in their order. Numbers may be missing: steps have been joined.
    /// </summary>
    public static IReadOnlyList<SchemaScript> For(string driver) =>
    [
        .. from file in Files(driver)
           where char.IsAsciiDigit(file.Name[0])
           let version = int.Parse(file.Name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture)
           orderby version
           select new SchemaScript(version, $"sql/{driver}/{file.Name}", Read(file.Resource)),
    ];

    /// <summary>A script that is no step of the store's schema; null = there is no such file.</summary>
    /// <param name="driver">Its folder.</param>
    /// <param name="name">Without the extension.</param>
    public static string? Other(string driver, string name) =>
        Files(driver).FirstOrDefault(f => f.Name == $"{name}.sql").Resource is { } resource ? Read(resource) : null;

    private static IEnumerable<(string Name, string Resource)> Files(string driver)
    {
        var prefix = $"sql/{driver}/";
        return from resource in typeof(SchemaScripts).Assembly.GetManifestResourceNames()
               let path = resource.Replace('\\', '/') // A build on Windows writes backslashes.
               where path.StartsWith(prefix, StringComparison.Ordinal)
               select (path[prefix.Length..], resource);
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(SchemaScripts).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
