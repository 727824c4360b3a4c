using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>What belongs to which hosts, in the words of allow and deny lists but without ports; the first entry that fits counts.</summary>
public sealed class HostRules<T>
    where T : class
{
    private readonly (TargetRule Hosts, T Value)[] _entries;

    /// <param name="entries">Hosts (<c>*.example.com</c>), addresses or networks, and what belongs to them.</param>
    /// <exception cref="FormatException">An entry's hosts are none.</exception>
    public HostRules(IEnumerable<(string Hosts, T Value)> entries) =>
        _entries = [.. entries.Select(static entry => (Parse(entry.Hosts) ?? throw new FormatException($"'{entry.Hosts}' is no host, address or network."), entry.Value))];

    /// <summary>Null = no entry names it.</summary>
    /// <param name="host">As it stands in a URL: an address is one only where the URL has it.</param>
    public T? Find(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        var address = IPAddress.TryParse(name, out var literal) ? SpecialAddresses.Undress(literal) : null;
        foreach (var (hosts, value) in _entries)
        {
            if (address is null ? hosts.MatchesName(name, 0) : hosts.MatchesAddress(address, 0) || hosts.MatchesName(address.ToString(), 0))
            {
                return value;
            }
        }

        return null;
    }

    private static TargetRule? Parse(string text) => BranchTargets.IsHosts(text) ? TargetRule.Parse(text) : null;
}
