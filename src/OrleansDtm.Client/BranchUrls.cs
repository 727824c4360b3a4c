using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>Validates branch URLs.</summary>
internal static class BranchUrls
{
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        BranchQuery.Gid, BranchQuery.TransType, BranchQuery.BranchId, BranchQuery.Op, BranchQuery.Phase2Url,
    };

    /// <summary>The coordinator adds these names to the query; duplicates would be ambiguous.</summary>
    /// <param name="url">The URL; may be empty.</param>
    /// <param name="parameter">Name of the parameter.</param>
    /// <exception cref="ArgumentException">Its query has a reserved name.</exception>
    public static void Check(string url, string parameter)
    {
        var query = url.IndexOf('?', StringComparison.Ordinal);
        foreach (var part in query < 0 ? [] : url[(query + 1)..].Split('&', '#', '?'))
        {
            var name = Uri.UnescapeDataString(part.Split('=')[0]);
            if (Reserved.Contains(name))
            {
                throw new ArgumentException($"The URL {url} has a '{name}' in its query. This name is reserved: the "
                    + "coordinator adds it to every call.", parameter);
            }
        }
    }
}
