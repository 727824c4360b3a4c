using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the limits of single namespaces: <c>Limits:Namespaces:0=shop unfinished=10000</c>.</summary>
internal static class NamespaceSettings
{
    public const string List = "Limits:Namespaces";

    private const string Unfinished = "unfinished=";

    /// <summary>The maximum number of unfinished transactions by namespace.</summary>
    public static IReadOnlyDictionary<string, int> Read(SettingsReader read)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in read.List(List))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var name, var limit]
                || !Namespaces.IsName(name)
                || !limit.StartsWith(Unfinished, StringComparison.Ordinal)
                || !int.TryParse(
                    limit.AsSpan(Unfinished.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var max)
                || !found.TryAdd(name, max))
            {
                read.Problem(List, line, "a namespace, once, and its limit, such as 'shop unfinished=10000'");
            }
        }

        return found;
    }
}
