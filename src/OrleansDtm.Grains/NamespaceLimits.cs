namespace OrleansDtm.Grains;

/// <summary>Limits of each namespace other than the default one, per silo.</summary>
public sealed class NamespaceLimits
{
    /// <summary>The maximum number of unfinished transactions of a namespace. Default 0 = unlimited.</summary>
    public int UnfinishedMax { get; set; }

    /// <summary>The same for single namespaces, by name; 0 = unlimited.</summary>
    public IDictionary<string, int> Unfinished { get; } = new Dictionary<string, int>(StringComparer.Ordinal);
}
