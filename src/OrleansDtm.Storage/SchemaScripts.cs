using System.Globalization;

namespace OrleansDtm.Storage;

/// <summary>A step of a schema.</summary>
internal sealed record SchemaScript(int Version, string Name, string Sql);

/// <summary>The scripts of <c>/sql/&lt;dialect&gt;/NNNN_name.sql</c>, carried inside this assembly.</summary>
internal static class SchemaScripts
{
    /// <summary>What silos of a cluster keep beside the transactions: <c>/sql/&lt;dialect&gt;/orleans.sql</c>. Null where no cluster can be.</summary>
    public static string? Orleans(string dialect)
    {
        var assembly = typeof(SchemaScripts).Assembly;
        var resource = Array.Find(assembly.GetManifestResourceNames(), r => r.Replace('\\', '/') == $"sql/{dialect}/orleans.sql");
        if (resource is null)
        {
            return null;
        }

        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    /// <summary>In the order in which they are to be applied. Other files of the folder (barrier.sql is the services') are no steps.</summary>
    public static IReadOnlyList<SchemaScript> For(string dialect)
    {
        var assembly = typeof(SchemaScripts).Assembly;
        var prefix = $"sql/{dialect}/";
        var scripts = new List<SchemaScript>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            var name = resource.Replace('\\', '/'); // As a build on Windows names them.
            if (name.StartsWith(prefix, StringComparison.Ordinal) && char.IsAsciiDigit(name[prefix.Length]))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                var version = int.Parse(name.AsSpan(prefix.Length, 4), NumberStyles.None, CultureInfo.InvariantCulture);
                scripts.Add(new SchemaScript(version, name, reader.ReadToEnd()));
            }
        }

        scripts.Sort(static (a, b) => a.Version.CompareTo(b.Version));
        return scripts;
    }
}
