using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>
/// The HTTP proxy of outgoing calls: plain requests are handed to it, TLS goes through a tunnel (CONNECT). Calls to
/// this machine never
/// take it: the proxy's own machine is not meant.
/// </summary>
public sealed class BranchProxy : IWebProxy
{
    private readonly Uri _address;
    private readonly TargetRule[] _direct;

    /// <param name="address"><c>http://[user:password@]host:port</c>, or https.</param>
    /// <param name="direct">
    /// Hosts, addresses and networks, each with <c>:port</c> or without, that are called without it. Names are not
    /// looked up for this.
    /// </param>
    /// <exception cref="FormatException">One of them is none.</exception>
    public BranchProxy(Uri address, IEnumerable<string> direct)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(direct);
        _direct = [.. direct.Select(static text => TargetRule.Parse(text) ?? throw new FormatException($"'{text}' is no host, address or network."))];
        _address = new UriBuilder(address) { UserName = "", Password = "", Path = "", Query = "", Fragment = "" }.Uri;
        if (address.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var password])
        {
            Credentials = new NetworkCredential(Uri.UnescapeDataString(user), password is [var secret] ? Uri.UnescapeDataString(secret) : "");
        }
    }

    public ICredentials? Credentials { get; set; }

    public Uri GetProxy(Uri destination) => _address;

    public bool IsBypassed(Uri host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.IdnHost.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        return IPAddress.TryParse(name, out var address)
            ? IPAddress.IsLoopback(address) || _direct.Any(rule => rule.MatchesAddress(SpecialAddresses.Undress(address), host.Port) || rule.MatchesName(name, host.Port))
            : name == "localhost" || name.EndsWith(".localhost", StringComparison.Ordinal) || _direct.Any(rule => rule.MatchesName(name, host.Port));
    }
}
