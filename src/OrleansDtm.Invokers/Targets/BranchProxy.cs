using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>
/// The HTTP proxy of outgoing calls: plain requests are sent to it, TLS uses a tunnel (CONNECT). Calls to this machine
/// bypass it, because there "localhost" would be the proxy's machine.
/// </summary>
public sealed class BranchProxy : IWebProxy
{
    private readonly Uri _address;
    private readonly TargetRule[] _direct;

    /// <param name="address"><c>http://[user:password@]host:port</c>, or https.</param>
    /// <param name="direct">Hosts, addresses and networks, with or without <c>:port</c>, that bypass the proxy. Names
    /// are not resolved for this.</param>
    /// <exception cref="FormatException">An entry is invalid.</exception>
    public BranchProxy(Uri address, IEnumerable<string> direct)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(direct);
        _direct = [.. direct.Select(static text =>
            TargetRule.Parse(text) ?? throw new FormatException($"'{text}' is not a host, address or network."))];
        _address = new UriBuilder(address) { UserName = "", Password = "", Path = "", Query = "", Fragment = "" }.Uri;
        if (address.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var password])
        {
            Credentials = new NetworkCredential(
                Uri.UnescapeDataString(user), password is [var secret] ? Uri.UnescapeDataString(secret) : "");
        }
    }

    public ICredentials? Credentials { get; set; }

    public Uri GetProxy(Uri destination) => _address;

    public bool IsBypassed(Uri host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.IdnHost.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        return IPAddress.TryParse(name, out var address)
            ? IPAddress.IsLoopback(address) || _direct.Any(rule =>
                rule.MatchesAddress(SpecialAddresses.Undress(address), host.Port) || rule.MatchesName(name, host.Port))
            : name == "localhost"
                || name.EndsWith(".localhost", StringComparison.Ordinal)
                || _direct.Any(rule => rule.MatchesName(name, host.Port));
    }
}
