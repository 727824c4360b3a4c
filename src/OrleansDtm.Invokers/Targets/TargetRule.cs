using System.Globalization;
using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>
/// An entry of an allow or deny list: a host (<c>*.example.com</c>), an address or a network (<c>10.0.0.0/8</c>), with
/// or without <c>:port</c>. <c>*</c> in a host matches any characters, including dots.
/// </summary>
internal sealed class TargetRule
{
    private readonly IPNetwork? _network;
    private readonly string _glob;
    private readonly int? _port;

    private TargetRule(string text, IPNetwork? network, string glob, int? port) =>
        (Text, _network, _glob, _port) = (text, network, glob, port);

    public string Text { get; }

    /// <summary>It matches addresses, which are known only after a name is resolved.</summary>
    public bool IsOfAddresses => _network is not null;

    /// <summary>It matches one port only.</summary>
    public bool HasPort => _port is not null;

    /// <summary>Null = invalid.</summary>
    public static TargetRule? Parse(string text)
    {
        text = text.Trim();
        if (Network(text) is { } whole)
        {
            return new TargetRule(text, whole, "", null);
        }

        var colon = text.LastIndexOf(':');
        var port = -1;
        if (colon >= 0
            && !(int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
                && port is > 0 and <= 65535))
        {
            return null;
        }

        var host = colon < 0 ? text : text[..colon];
        int? rulePort = colon < 0 ? null : port;
        return Network(host) is { } network ? new TargetRule(text, network, "", rulePort)
            : host.Length > 0 && host.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '*')
                ? new TargetRule(text, null, host.TrimEnd('.').ToLowerInvariant(), rulePort)
            : null;
    }

    /// <param name="host">In lower case, without a trailing dot.</param>
    public bool MatchesName(string host, int port) => _network is null && (_port ?? port) == port && Glob(_glob, host);

    public bool MatchesAddress(IPAddress address, int port) =>
        _network is { } network && (_port ?? port) == port && network.Contains(address);

    private static IPNetwork? Network(string text)
    {
        var bare = text.StartsWith('[')
            ? text.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)
            : text;
        if (IPNetwork.TryParse(bare, out var network))
        {
            return network;
        }

        // "10" would be an address too, as in the C library.
        return IPAddress.TryParse(bare, out var address)
            && (bare.Contains(':') ? text.StartsWith('[') == text.EndsWith(']') : bare.Count(static c => c == '.') == 3)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : null;
    }

    /// <summary>Backtracks to the last star only, which is sufficient and linear.</summary>
    private static bool Glob(string glob, string text)
    {
        var (g, t, star, mark) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (g < glob.Length && glob[g] == '*')
            {
                (star, mark) = (g++, t);
            }
            else if (g < glob.Length && glob[g] == text[t])
            {
                (g, t) = (g + 1, t + 1);
            }
            else if (star >= 0)
            {
                (g, t) = (star + 1, ++mark);
            }
            else
            {
                return false;
            }
        }

        return glob.AsSpan(g).Trim('*').IsEmpty;
    }
}
