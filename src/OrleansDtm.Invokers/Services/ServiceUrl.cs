using System.Buffers;
using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>
/// URLs with a service name instead of a host: <c>discovery:///name/path</c>, as in DTM's drivers, also with the
/// address of a registry, which is ignored (<c>discovery://localhost:2379/name/path</c>); <c>discovery://name/path</c>;
/// and any http(s) or gRPC URL whose host has no port, if a registry knows the name.
/// </summary>
public static class ServiceUrl
{
    private const string Scheme = "discovery://";
    private const int NameMax = 253;

    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    private static readonly SearchValues<char> RegistryChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:,[]");

    public static bool Is(ReadOnlySpan<char> url) => url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Name and the rest (a path with its slash, a query, or nothing) of a <c>discovery</c> URL.</summary>
    /// <returns>False when it is not such a URL, or has no name.</returns>
    public static bool TryRead(ReadOnlySpan<char> url, out ReadOnlySpan<char> name, out ReadOnlySpan<char> rest)
    {
        name = rest = default;
        if (!Is(url))
        {
            return false;
        }

        name = Split(url[Scheme.Length..], out rest);
        if (name.IsEmpty || name.Contains(':'))
        {
            // No authority, or the registry's: the name follows.
            if (!rest.StartsWith("/") || name.ContainsAnyExcept(RegistryChars))
            {
                return false;
            }

            name = Split(rest[1..], out rest);
        }

        return IsWellFormed(name);
    }

    /// <summary>A gRPC method of a service.</summary>
    public static bool IsGrpc(string url) =>
        TryRead(url, out _, out var rest)
        && rest.Length > 0
        && rest[1..].ToString().Split('/') is [{ Length: > 0 } service, { Length: > 0 } method]
        && !service.Contains('?')
        && !method.Contains('?');

    /// <summary>
    /// End of a host that may be a service name in an http(s) URL; 0 = it has a port or is an address.
    /// </summary>
    internal static int EndOfName(ReadOnlySpan<char> url)
    {
        var start = url.IndexOf("://") + 3;
        var host = Split(url[start..], out _);
        return IsName(host) ? start + host.Length : 0;
    }

    /// <summary>Whether it has no port and is not an address.</summary>
    internal static bool IsName(ReadOnlySpan<char> host) =>
        IsWellFormed(host) && !(char.IsAsciiDigit(host[0]) && IPAddress.TryParse(host, out _));

    /// <summary>Labels separated by dots, none of them empty.</summary>
    private static bool IsWellFormed(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= NameMax && !name.ContainsAnyExcept(NameChars)
        && name[0] is not ('.' or '-') && name[^1] is not ('.' or '-') && name.IndexOf("..") < 0;

    private static ReadOnlySpan<char> Split(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest)
    {
        var end = text.IndexOfAny("/?#");
        rest = end < 0 ? [] : text[end..];
        return end < 0 ? text : text[..end];
    }
}
