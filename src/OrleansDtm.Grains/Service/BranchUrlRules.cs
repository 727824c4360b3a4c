using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Service;

/// <summary>Validates branch URLs.</summary>
public static class BranchUrlRules
{
    private const int LengthMax = 4096;
    private const string Topic = "topic://";

    /// <summary>The maximum number of cached hosts; further hosts are checked each time.</summary>
    private const int KnownAuthoritiesMax = 4096;

    private static readonly SearchValues<char> HostAndPort =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:");

    private static readonly SearchValues<char> Harmless =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/?&=+,;:@!$");

    /// <summary>The space and the Unicode control characters.</summary>
    private static readonly SearchValues<char> Unprintable =
        SearchValues.Create([' ', .. Enumerable.Range(0, 0xA0).Select(static c => (char)c).Where(char.IsControl)]);

    private static readonly ConcurrentDictionary<string, byte> KnownAuthorities = new(StringComparer.Ordinal);

    /// <summary>Returns true if the URL names a topic, which sends a msg to its subscribers.</summary>
    public static bool IsTopic(string? url) => url?.StartsWith(Topic, StringComparison.Ordinal) == true;

    /// <summary>Returns the URL if it can be called. Null and empty mean "no call".</summary>
    /// <param name="url">The URL from the request.</param>
    /// <param name="protocol">
    /// http and json-rpc accept http(s) URLs; grpc also accepts <c>host:port/package.Service/Method</c> and
    /// <c>grpc(s)://</c>. All accept <c>discovery:///name</c> (service discovery) and <c>grain://</c> (registered
    /// grains).
    /// </param>
    /// <param name="field">The field name for errors.</param>
    /// <param name="grains">The registered grains; null (default) = none.</param>
    /// <param name="targets">The hosts that may be called; null (default) = not checked here.</param>
    /// <exception cref="RequestException">The URL cannot be called.</exception>
    public static string Check(
        string? url, string protocol, string field, BranchGrainDirectory? grains = null, BranchTargets? targets = null)
    {
        if (string.IsNullOrEmpty(url))
        {
            return "";
        }

        if (url.Length > LengthMax)
        {
            throw new RequestException(field, $"is longer than {LengthMax} characters");
        }

        if (url.AsSpan().ContainsAny(Unprintable))
        {
            throw new RequestException(field, "contains a space or a control character; escape it");
        }

        if (IsHttp(url)
            || (protocol == "grpc" ? IsGrpc(url) || ServiceUrl.IsGrpc(url) : ServiceUrl.TryRead(url, out _, out _)))
        {
            return HasUserInfo(url)
                ? throw new RequestException(
                    field, "contains a user name or password before its host; send them in branch_headers")
                : targets?.FindProblem(url) is not { } denied ? url
                : throw new RequestException(field, $"'{RequestValidator.Printable(url)}' may not be called: {denied}");
        }

        if (BranchUrl.IsGrain(url))
        {
            return (grains is null ? "cannot be called: this coordinator has no grains" : grains.FindProblem(url))
                is { } problem
                ? throw new RequestException(field, $"'{RequestValidator.Printable(url)}' {problem}")
                : url;
        }

        throw new RequestException(
            field,
            protocol == "grpc"
                ? $"'{RequestValidator.Printable(url)}' is not a valid branch address; use "
                    + "host:port/package.Service/Method, grpc(s)://... or http(s)://..."
                : $"'{RequestValidator.Printable(url)}' is not a valid URL for protocol {protocol}; it must start with "
                    + "http:// or https:// and contain a host");
    }

    /// <summary>
    /// Returns true for most URLs: a cached host and a path of safe characters. Parsing each URL cost more than all
    /// other checks together.
    /// </summary>
    public static bool IsPlainHttp([NotNullWhen(true)] string? url)
    {
        if (url is null || url.Length > LengthMax)
        {
            return false;
        }

        var start = url.StartsWith("http://", StringComparison.Ordinal)
            ? 7
            : url.StartsWith("https://", StringComparison.Ordinal)
            ? 8
            : 0;
        if (start == 0)
        {
            return false;
        }

        var rest = url.AsSpan(start);
        var end = rest.IndexOfAny('/', '?', '#');
        var authority = end < 0 ? rest : rest[..end];
        if (rest[authority.Length..].ContainsAnyExcept(Harmless) || authority.ContainsAnyExcept(HostAndPort))
        {
            return false;
        }

        if (KnownAuthorities.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(authority))
        {
            return true;
        }

        if (!IsHttp(url))
        {
            return false;
        }

        if (KnownAuthorities.Count < KnownAuthoritiesMax)
        {
            KnownAuthorities.TryAdd(authority.ToString(), 0);
        }

        return true;
    }

    /// <summary>
    /// Returns true if the URL contains user info (before an @), which looks like the host but is not.
    /// </summary>
    private static bool HasUserInfo(string url) =>
        BranchInvokers.IsHttp(url)
        && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.UserInfo.Length > 0 || Authority(url).Contains('@'));

    private static ReadOnlySpan<char> Authority(string url)
    {
        var rest = url.AsSpan(url.IndexOf("://", StringComparison.Ordinal) + 3);
        var end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    private static bool IsHttp(string url) =>
        BranchInvokers.IsHttp(url)
        && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.Host.Length > 0;

    /// <summary>[grpc[s]://]host[:port][,host[:port]...]/package.Service/Method</summary>
    private static bool IsGrpc(string url)
    {
        var rest = url;
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            if (url[..scheme].ToLowerInvariant() is not ("grpc" or "grpcs" or "dns"))
            {
                return false;
            }

            rest = url[(scheme + 3)..].TrimStart('/');
        }

        return rest.Split('/') is [{ Length: > 0 } authority, { Length: > 0 } service, { Length: > 0 } method]
            && authority.Split(',').All(IsHost)
            && !service.Contains('?') && !method.Contains('?');
    }

    private static bool IsHost(string host)
    {
        var colon = host.LastIndexOf(':');
        var name = colon >= 0 && !host.EndsWith(']') ? host[..colon] : host;
        return Uri.CheckHostName(name.Trim('[', ']')) != UriHostNameType.Unknown
            && (name.Length == host.Length
                || (ushort.TryParse(host[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                    && port > 0));
    }
}
