using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Service;

/// <summary>Which URLs a branch may have.</summary>
public static class BranchUrlRules
{
    private const int LengthMax = 4096;
    private const string Topic = "topic://";

    /// <summary>Beyond, hosts are judged anew each time.</summary>
    private const int KnownAuthoritiesMax = 4096;

    private static readonly SearchValues<char> HostAndPort =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:");

    private static readonly SearchValues<char> Harmless =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/?&=+,;:@!$");

    /// <summary>A space and the control characters of Unicode.</summary>
    private static readonly SearchValues<char> Unprintable =
        SearchValues.Create([' ', .. Enumerable.Range(0, 0xA0).Select(static c => (char)c).Where(char.IsControl)]);

    private static readonly ConcurrentDictionary<string, byte> KnownAuthorities = new(StringComparer.Ordinal);

    /// <summary>The action of a msg that goes to a topic's subscribers.</summary>
    public static bool IsTopic(string? url) => url?.StartsWith(Topic, StringComparison.Ordinal) == true;

    /// <summary>The URL, if it can be called; null and empty mean "nothing to call".</summary>
    /// <param name="url">As it came.</param>
    /// <param name="protocol">
    /// http and json-rpc branches have http(s) URLs; grpc ones also <c>host:port/package.Service/Method</c> and <c>grpc(s)://</c>; all may be
    /// <c>discovery:///name</c>, of services that are found by name, and <c>grain://</c>, of grains that were
    /// registered.
    /// </param>
    /// <param name="field">Named in the error.</param>
    /// <param name="grains">Knows which grains were registered; null (default) = none was.</param>
    /// <param name="targets">Which hosts may be called; null (default) = not judged here.</param>
    /// <exception cref="RequestException">It cannot be called.</exception>
    public static string Check(string? url, string protocol, string field, BranchGrainDirectory? grains = null, BranchTargets? targets = null)
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
            throw new RequestException(field, "holds a space or a control character; escape it");
        }

        if (IsHttp(url) || (protocol == "grpc" ? IsGrpc(url) || ServiceUrl.IsGrpc(url) : ServiceUrl.TryRead(url, out _, out _)))
        {
            return HasUserInfo(url)
                ? throw new RequestException(field, "holds a user name or password before its host; send them in branch_headers")
                : targets?.FindProblem(url) is not { } denied ? url
                : throw new RequestException(field, $"'{RequestValidator.Printable(url)}' may not be called: {denied}");
        }

        if (BranchUrl.IsGrain(url))
        {
            return (grains is null ? "cannot be called: there are no grains here" : grains.FindProblem(url)) is { } problem
                ? throw new RequestException(field, $"'{RequestValidator.Printable(url)}' {problem}")
                : url;
        }

        throw new RequestException(
            field,
            protocol == "grpc"
                ? $"'{RequestValidator.Printable(url)}' is no address that can be called; write host:port/package.Service/Method, grpc(s)://... or http(s)://..."
                : $"'{RequestValidator.Printable(url)}' is no URL that can be called with protocol {protocol}; it must start with http:// or https:// and name a host");
    }

    /// <summary>
    /// Most URLs: a host that was judged before, and a path of harmless characters. Taking each URL apart anew cost more than all
    /// other checks together.
    /// </summary>
    public static bool IsPlainHttp([NotNullWhen(true)] string? url)
    {
        if (url is null || url.Length > LengthMax)
        {
            return false;
        }

        var start = url.StartsWith("http://", StringComparison.Ordinal) ? 7 : url.StartsWith("https://", StringComparison.Ordinal) ? 8 : 0;
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

    /// <summary>What stands before an @ looks like the host to people and is not.</summary>
    private static bool HasUserInfo(string url) =>
        BranchInvokers.IsHttp(url) && Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.UserInfo.Length > 0 || Authority(url).Contains('@'));

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
                || (ushort.TryParse(host[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0));
    }
}
