using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>The tags of a builder: those of its options, and those it adds.</summary>
/// <param name="options">The options.</param>
internal sealed class TagSet(TransOptions options)
{
    private Dictionary<string, string>? _added;

    /// <summary>Sets a tag; numbers, dates and so on have their invariant form.</summary>
    /// <exception cref="ArgumentException">The key is empty.</exception>
    public void Add<T>(string key, T value)
        where T : notnull
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        _added ??= [];
        _added[key] = value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>The tags of a request; null = none.</summary>
    public Dictionary<string, string?>? ToRequest()
    {
        if (_added is null && options.Tags.Count == 0)
        {
            return null;
        }

        var all = options.Tags.ToDictionary(static tag => tag.Key, static string? (tag) => tag.Value);
        foreach (var (key, value) in _added ?? [])
        {
            all[key] = value;
        }

        return all;
    }
}
