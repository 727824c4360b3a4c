namespace OrleansDtm.Testing.Calls;

/// <summary>The scripts of all branches. Thread-safe.</summary>
internal sealed class Scripts
{
    private readonly Lock _gate = new();
    private readonly List<BranchScript> _all = [];

    /// <summary>Finds or creates the script of a URL.</summary>
    public BranchScript Of(string url, string? gid)
    {
        var normal = Normal(url);
        lock (_gate)
        {
            var script = _all.Find(
                s => s.Gid == gid && string.Equals(s.Url, normal, StringComparison.OrdinalIgnoreCase));
            if (script is null)
            {
                _all.Add(script = new BranchScript(normal, gid));
            }

            return script;
        }
    }

    /// <summary>Takes the next entry of the first script for this call that has one.</summary>
    public Fault Next(string url, string gid)
    {
        var normal = Normal(url);
        lock (_gate)
        {
            return _all.Where(script => script.Matches(normal, gid)).Select(script => script.Next(gid))
                .FirstOrDefault(static fault => fault is not null) ?? Fault.None;
        }
    }

    /// <summary>Without query, fragment and final slash.</summary>
    public static string Normal(string url)
    {
        var end = url.AsSpan().IndexOfAny('?', '#');
        return (end < 0 ? url : url[..end]).TrimEnd('/');
    }
}
