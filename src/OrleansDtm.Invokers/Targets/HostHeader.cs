using System.Globalization;

namespace OrleansDtm.Invokers;

/// <summary>The value of a Host header.</summary>
/// <param name="Name">A name or an address in lower case, without brackets and trailing dot.</param>
/// <param name="Port">Null = none is given.</param>
public readonly record struct HostHeader(string Name, int? Port)
{
    private const int LengthMax = 260;

    /// <summary>Reads a Host header; null = it is not a host name or address.</summary>
    /// <param name="text">The value of the header.</param>
    public static HostHeader? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var end = text.StartsWith('[')
            ? text.IndexOf(']') + 1
            : text.IndexOf(':') is >= 0 and var colon
            ? colon
            : text.Length;
        if (end == 0 || text.Length > LengthMax)
        {
            return null;
        }

        int? port = null;
        if (end < text.Length)
        {
            if (text[end] != ':' || !ushort.TryParse(
                text.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            port = number;
        }

        var name = text[..end];
        if (name[0] == '[')
        {
            return Uri.CheckHostName(name) == UriHostNameType.IPv6
                ? new HostHeader(name[1..^1].ToLowerInvariant(), port)
                : null;
        }

        name = name.EndsWith('.') ? name[..^1] : name;
        return name.All(char.IsAscii)
            && Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4
            && IsIdn(name)
            ? new HostHeader(name.ToLowerInvariant(), port)
            : null;
    }

    /// <summary>A name of another alphabet must be decodable: libraries decode it and throw if they cannot.</summary>
    private static bool IsIdn(string name)
    {
        if (!name.Contains("xn--", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        try
        {
            _ = new IdnMapping().GetUnicode(name);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
