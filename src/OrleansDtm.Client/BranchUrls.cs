using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>What a branch's URL may not say.</summary>
internal static class BranchUrls
{
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        BranchQuery.Gid, BranchQuery.TransType, BranchQuery.BranchId, BranchQuery.Op, BranchQuery.Phase2Url,
    };

    /// <summary>The coordinator adds these to whatever query there is: said twice, the participant could take the call for another one.</summary>
    /// <param name="url">Whom to call; may be empty.</param>
    /// <param name="parameter">Who gave it.</param>
    /// <exception cref="ArgumentException">Its query has a name of DTM's own.</exception>
    public static void Check(string url, string parameter)
    {
        var query = url.IndexOf('?', StringComparison.Ordinal);
        foreach (var part in query < 0 ? [] : url[(query + 1)..].Split('&', '#', '?'))
        {
            var name = Uri.UnescapeDataString(part.Split('=')[0]);
            if (Reserved.Contains(name))
            {
                throw new ArgumentException($"The URL {url} has a '{name}' in its query: that name is DTM's, which adds its own to every call.", parameter);
            }
        }
    }
}
