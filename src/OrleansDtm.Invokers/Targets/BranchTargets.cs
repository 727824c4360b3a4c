using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansDtm.Invokers;

/// <summary>
/// Which hosts may be called. Submitters choose URLs, and the coordinator can reach hosts that submitters cannot.
/// Checked when a URL arrives, as far as possible, and for each address when a connection is opened.
/// </summary>
public sealed class BranchTargets
{
    /// <summary>Maximum cached hosts.</summary>
    private const int KnownMax = 4096;

    private readonly TargetRule[] _allow;
    private readonly TargetRule[] _deny;
    private readonly bool _denyPrivate;
    private readonly ConcurrentDictionary<string, string?> _known = new(StringComparer.Ordinal);

    /// <param name="allow">All others are denied; none = everything is allowed that is not denied. An address or
    /// network here may be a special one.</param>
    /// <param name="deny">Denied, even if allowed.</param>
    /// <param name="denyPrivate">Denies this machine and private networks, unless <paramref name="allow"/> names the
    /// address.</param>
    /// <exception cref="FormatException">An entry is invalid.</exception>
    public BranchTargets(IEnumerable<string> allow, IEnumerable<string> deny, bool denyPrivate = false)
    {
        _allow = [.. allow.Select(Rule)];
        _deny = [.. deny.Select(Rule)];
        _denyPrivate = denyPrivate;
    }

    /// <summary>Allows everything but link-local, metadata and other special addresses.</summary>
    public static BranchTargets Default { get; } = new([], []);

    /// <summary>Whether a text is a valid entry.</summary>
    public static bool IsRule(string text) => TargetRule.Parse(text) is not null;

    /// <summary>Whether it is a valid entry without a port.</summary>
    public static bool IsHosts(string text) => TargetRule.Parse(text) is { HasPort: false };

    /// <summary>Why a URL is denied; null = no rule denies it so far.</summary>
    /// <param name="url">URL of a branch over HTTP or gRPC.</param>
    public string? FindProblem(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (ServiceUrl.Is(url))
        {
            return ServiceUrl.TryRead(url, out var service, out _)
                ? FindNameProblem(service.ToString().ToLowerInvariant(), 80)
                : "it has no service name";
        }

        var start = url.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0;
        while (start < url.Length && url[start] == '/')
        {
            start++; // dns:///host
        }

        var end = url.AsSpan(start).IndexOfAny("/?#\\");
        var prefix = url.AsSpan(0, end < 0 ? url.Length : start + end);
        if (_known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(prefix, out var known))
        {
            return known;
        }

        var problem = JudgeUrl(prefix.ToString(), start);
        if (_known.Count < KnownMax)
        {
            _known.TryAdd(prefix.ToString(), problem);
        }

        return problem;
    }

    /// <summary>
    /// Why a Host header is denied; null = no rule denies it. One address can serve many names, so the name of the
    /// header needs the same rules as the URL.
    /// </summary>
    /// <param name="host">Value of the header.</param>
    /// <param name="scheme">http or https, of a header without a port; null = not known yet.</param>
    public string? FindHostProblem(string host, string? scheme = null)
    {
        if (HostHeader.Parse(host) is not { } header)
        {
            return "it is not a host name or address";
        }

        if (header.Port is null && scheme is null)
        {
            // A rule for one port allows the header if the URL may have that port.
            return FindHostProblem(host, Uri.UriSchemeHttp) is { } problem
                && FindHostProblem(host, Uri.UriSchemeHttps) is not null ? problem : null;
        }

        return JudgeHost(host, header.Name, header.Port ?? (scheme == Uri.UriSchemeHttps ? 443 : 80));
    }

    /// <summary>The allowed addresses of a host.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <param name="resolve">Resolves a name.</param>
    /// <param name="service">The service of this endpoint: a rule that allows the service allows its endpoints, unless
    /// they are denied. Null = the host itself was requested.</param>
    /// <exception cref="TargetDeniedException">No address is allowed.</exception>
    internal async ValueTask<IReadOnlyList<IPAddress>> Resolve(
        string host,
        int port,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        CancellationToken cancellationToken,
        string? service = null)
    {
        var name = Canonical(host);
        var isAddress = IPAddress.TryParse(name, out var literal);
        var denied = service is not null
            ? FindDeniedName(name, port) ?? FindNameProblem(service, port)
            : isAddress
            ? null
            : FindNameProblem(name, port);
        if (denied is not null)
        {
            throw new TargetDeniedException(denied);
        }

        var asked = service ?? (isAddress ? "" : name);

        var addresses = isAddress ? [literal!] : await resolve(host, cancellationToken).ConfigureAwait(false);
        var allowed = new List<IPAddress>(addresses.Length);
        string? problem = null;
        foreach (var address in addresses)
        {
            if (FindAddressProblem(asked, address, port) is { } why)
            {
                problem ??= why;
            }
            else
            {
                allowed.Add(address);
            }
        }

        return allowed.Count > 0 ? allowed
            : throw (problem is null
                ? new SocketException((int)SocketError.HostNotFound)
                : (Exception)new TargetDeniedException(problem));
    }

    private static string Canonical(string host) => host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();

    private static TargetRule Rule(string text) =>
        TargetRule.Parse(text) ?? throw new FormatException($"'{text}' is not a host, address or network.");

    private string? JudgeUrl(string prefix, int start)
    {
        if (BranchInvokers.IsHttp(prefix))
        {
            return !Uri.TryCreate(prefix, UriKind.Absolute, out var uri)
                ? "it has no host"
                : uri.HostNameType == UriHostNameType.IPv4 && !IsWrittenPlainly(prefix.AsSpan(start), uri.Host)
                ? OtherWriting(uri.Host)
                : Judge(uri.IdnHost, uri.Port);
        }

        var port = prefix.StartsWith("grpcs", StringComparison.OrdinalIgnoreCase) ? 443 : 80;
        foreach (var place in prefix[start..].Split(','))
        {
            var colon = place.LastIndexOf(':');
            var hasPort = colon >= 0 && !place.EndsWith(']');
            var host = hasPort ? place[..colon] : place;
            var given = hasPort && int.TryParse(
                place.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : port;
            var problem = IPAddress.TryParse(host, out var address)
                && address.AddressFamily == AddressFamily.InterNetwork
                && address.ToString() != host
                ? OtherWriting(address.ToString())
                : Judge(host, given);
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    private string? JudgeHost(string host, string name, int port) =>
        IPAddress.TryParse(name, out var address)
            && address.AddressFamily == AddressFamily.InterNetwork
            && address.ToString() != name
            ? OtherWriting(address.ToString())
            : Judge(host.StartsWith('[') ? $"[{name}]" : name, port);

    private string? Judge(string host, int port)
    {
        var name = Canonical(host);
        return !IPAddress.TryParse(name, out var address) ? FindNameProblem(name, port)
            : address.IsIPv4MappedToIPv6 ? OtherWriting(address.MapToIPv4().ToString())
            : FindAddressProblem("", address, port);
    }

    /// <summary>
    /// Numbers, hexadecimal digits or percent signs would hide the address from readers of URLs and rules.
    /// </summary>
    private static bool IsWrittenPlainly(ReadOnlySpan<char> authority, string host) =>
        authority.StartsWith(host, StringComparison.Ordinal)
        && (authority.Length == host.Length || authority[host.Length] == ':');

    private static string OtherWriting(string address) => $"its host is another notation of {address}; write that";

    /// <summary>
    /// Why a URL is denied through a proxy, which resolves names itself: a name that only an address rule could allow
    /// is denied.
    /// </summary>
    internal string? FindProxiedProblem(Uri url)
    {
        var name = Canonical(url.IdnHost);
        return IPAddress.TryParse(name, out var address)
            ? FindAddressProblem("", address, url.Port)
            : FindNameProblem(name, url.Port, addressesWillTell: false);
    }

    private string? FindNameProblem(string name, int port, bool addressesWillTell = true)
    {
        // Rules for addresses are checked for addresses only.
        return FindDeniedName(name, port)
            ?? (_allow.Length > 0
                && !_allow.Any(rule => (addressesWillTell && rule.IsOfAddresses) || rule.MatchesName(name, port))
                ? $"the host {name}:{port} is not allowed (Branches:Allow)"
                : null);
    }

    private string? FindDeniedName(string name, int port)
    {
        foreach (var rule in _deny)
        {
            if (rule.MatchesName(name, port))
            {
                return $"the host {name}:{port} is denied (Branches:Deny, '{rule.Text}')";
            }
        }

        return null;
    }

    /// <param name="name">The resolved name; empty = the URL has the address.</param>
    private string? FindAddressProblem(string name, IPAddress address, int port)
    {
        // An Allow entry must match the address that is reached; a Deny entry also the addresses on the way.
        var inner = SpecialAddresses.OnTheWay(address);
        var place = name.Length == 0 ? $"the address {address}:{port}" : $"the address {address}:{port} of {name}";
        foreach (var rule in _deny)
        {
            if (rule.MatchesAddress(address, port)
                || rule.MatchesAddress(inner, port)
                || (name.Length == 0
                    && (rule.MatchesName(address.ToString(), port) || rule.MatchesName(inner.ToString(), port))))
            {
                return $"{place} is denied (Branches:Deny, '{rule.Text}')";
            }
        }

        var reached = SpecialAddresses.Undress(address);
        if (_allow.Any(rule => rule.MatchesAddress(address, port) || rule.MatchesAddress(reached, port)))
        {
            return null;
        }

        if ((SpecialAddresses.WhyNever(address) ?? SpecialAddresses.WhyNever(inner)) is { } what)
        {
            return $"{place} is denied: {what} (to allow it, add the address or its network to Branches:Allow)";
        }

        if (_denyPrivate && (SpecialAddresses.IsPrivate(address) || SpecialAddresses.IsPrivate(inner)))
        {
            return $"{place} is denied: this machine, a private network or a special-purpose address "
                + "(Branches:DenyPrivate)";
        }

        return _allow.Length > 0
            && !_allow.Any(rule => rule.MatchesName(name.Length == 0 ? address.ToString() : name, port))
            ? $"{place} is not allowed (Branches:Allow)"
            : null;
    }
}

/// <summary>A host is denied.</summary>
/// <param name="message">Names the rule.</param>
public sealed class TargetDeniedException(string message) : IOException(message);
