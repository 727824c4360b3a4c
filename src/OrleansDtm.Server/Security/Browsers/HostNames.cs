using System.Collections.Concurrent;
using System.Net;
using OrleansDtm.Invokers;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Browsers;

/// <summary>
/// The host names under which browsers may use this server. With DNS rebinding the name of a foreign page resolves to
/// this server, and the browser takes the server for a part of that page.
/// </summary>
internal sealed class HostNames(CoordinatorOptions options)
{
    /// <summary>Maximum cached hosts.</summary>
    private const int KnownMax = 1024;

    private readonly HostRules<string> _rules = new(options.Hosts.Select(static entry => (entry, entry)));
    private readonly ConcurrentDictionary<string, HostKind> _known = new(StringComparer.Ordinal);

    /// <param name="host">The Host header.</param>
    public HostKind Judge(string host)
    {
        if (!_known.TryGetValue(host, out var kind))
        {
            kind = Find(host);
            if (_known.Count < KnownMax)
            {
                _known.TryAdd(host, kind);
            }
        }

        return kind;
    }

    private HostKind Find(string host)
    {
        if (host.Length == 0)
        {
            return HostKind.Allowed; // HTTP/1.0; no browser sends this.
        }

        if (HostHeader.Parse(host)?.Name is not { } name)
        {
            return HostKind.Invalid;
        }

        // A page cannot have the address of another server as its name: rebinding needs a DNS name.
        return IPAddress.TryParse(name, out _)
            || name == "localhost"
            || name.EndsWith(".localhost", StringComparison.Ordinal)
            || _rules.Find(name) is not null
                ? HostKind.Allowed
                : HostKind.Other;
    }
}

internal enum HostKind
{
    /// <summary>Not a host name.</summary>
    Invalid,

    /// <summary>This machine, an IP address, or listed in Hosts.</summary>
    Allowed,

    /// <summary>Any other name, which may belong to a foreign page.</summary>
    Other,
}
