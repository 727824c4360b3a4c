using System.Buffers;
using System.Net;

namespace OrleansDtm.Invokers;

/// <summary>
/// URLs that name a service instead of a host: <c>discovery:///name/path</c>, as DTM's drivers write them, also with
/// the address of their
/// registry, which means nothing here (<c>discovery://localhost:2379/name/path</c>); <c>discovery://name/path</c>; and
/// any http(s) or gRPC
/// URL whose host has no port, if a registry knows the name.
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

    /// <summary>
    /// Name and what follows it (a path with its slash, a query, or nothing) of a <c>discovery</c> URL.
    /// </summary>
    /// <returns>False when it is none, or names no service.</returns>
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
            // No authority, or the registry's: the name comes after it.
            if (!rest.StartsWith("/") || name.ContainsAnyExcept(RegistryChars))
            {
                return false;
            }

            name = Split(rest[1..], out rest);
        }

        return IsWellFormed(name);
    }

    /// <summary>A gRPC method at a service of that name.</summary>
    public static bool IsGrpc(string url) =>
        TryRead(url, out _, out var rest) && rest.Length > 0 && rest[1..].ToString().Split('/') is [{ Length: > 0 } service, { Length: > 0 } method]
        && !service.Contains('?') && !method.Contains('?');

    /// <summary>
    /// Where a host ends that may be a service's name, in an http(s) URL; 0 = it has a port or is an address.
    /// </summary>
    internal static int EndOfName(ReadOnlySpan<char> url)
    {
        var start = url.IndexOf("://") + 3;
        var host = Split(url[start..], out _);
        return IsName(host) ? start + host.Length : 0;
    }

    /// <summary>Without a port, and no address.</summary>
    internal static bool IsName(ReadOnlySpan<char> host) =>
        IsWellFormed(host) && !(char.IsAsciiDigit(host[0]) && IPAddress.TryParse(host, out _));

    /// <summary>Labels with dots between them, none of them empty.</summary>
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
