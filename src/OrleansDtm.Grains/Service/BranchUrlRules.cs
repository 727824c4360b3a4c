using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Branch;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Service;

/// <summary>Which URLs a branch may have.</summary>
public sealed class BranchUrlRules(BranchGrainDirectory grains)
{
    private const int LengthMax = 4096;
    private const string Topic = "topic://";

    /// <summary>The action of a msg that goes to a topic's subscribers.</summary>
    public static bool IsTopic(string? url) => url?.StartsWith(Topic, StringComparison.Ordinal) == true;

    /// <summary>The URL, if it can be called; null and empty mean "nothing to call".</summary>
    /// <param name="url">As it came.</param>
    /// <param name="protocol">
    /// http and json-rpc branches have http(s) URLs; grpc ones also <c>host:port/package.Service/Method</c> and <c>grpc(s)://</c>; all may be
    /// <c>grain://</c>, of grains that were registered.
    /// </param>
    /// <param name="field">Named in the error.</param>
    /// <exception cref="RequestException">It cannot be called.</exception>
    public string Check(string? url, string protocol, string field)
    {
        if (string.IsNullOrEmpty(url))
        {
            return "";
        }

        if (url.Length > LengthMax)
        {
            throw new RequestException(field, $"is longer than {LengthMax} characters");
        }

        if (url.Any(static c => char.IsControl(c) || c == ' '))
        {
            throw new RequestException(field, "holds a space or a control character; escape it");
        }

        if (IsHttp(url) || (protocol == "grpc" && IsGrpc(url)))
        {
            return url;
        }

        if (BranchUrl.IsGrain(url))
        {
            return grains.FindProblem(url) is { } problem ? throw new RequestException(field, $"'{RequestValidator.Printable(url)}' {problem}") : url;
        }

        throw new RequestException(
            field,
            protocol == "grpc"
                ? $"'{RequestValidator.Printable(url)}' is no address that can be called; write host:port/package.Service/Method, grpc(s)://... or http(s)://..."
                : $"'{RequestValidator.Printable(url)}' is no URL that can be called with protocol {protocol}; it must start with http:// or https:// and name a host");
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
