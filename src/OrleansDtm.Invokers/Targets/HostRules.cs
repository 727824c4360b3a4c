using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>
/// Values by host, with the notation of allow and deny lists but without ports; the first match counts.
/// </summary>
public sealed class HostRules<T>
    where T : class
{
    private readonly (TargetRule Hosts, T Value)[] _entries;

    /// <param name="entries">Hosts (<c>*.example.com</c>), addresses or networks, and their values.</param>
    /// <exception cref="FormatException">The hosts of an entry are invalid.</exception>
    public HostRules(IEnumerable<(string Hosts, T Value)> entries) =>
        _entries = [.. entries.Select(static entry => (
            Parse(entry.Hosts) ?? throw new FormatException($"'{entry.Hosts}' is not a host, address or network."),
            entry.Value))];

    /// <summary>Null = no match.</summary>
    /// <param name="host">As in the URL; resolved addresses are not compared.</param>
    public T? Find(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        var address = IPAddress.TryParse(name, out var literal) ? SpecialAddresses.Undress(literal) : null;
        foreach (var (hosts, value) in _entries)
        {
            if (address is null
                ? hosts.MatchesName(name, 0)
                : hosts.MatchesAddress(address, 0) || hosts.MatchesName(address.ToString(), 0))
            {
                return value;
            }
        }

        return null;
    }

    private static TargetRule? Parse(string text) => BranchTargets.IsHosts(text) ? TargetRule.Parse(text) : null;
}
