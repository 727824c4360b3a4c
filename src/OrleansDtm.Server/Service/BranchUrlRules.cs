namespace OrleansDtm.Server.Service;

/// <summary>Which URLs a branch may have.</summary>
internal static class BranchUrlRules
{
    private const int LengthMax = 4096;

    /// <summary>The URL, if it can be called; null and empty mean "nothing to call".</summary>
    public static string Check(string? url, string protocol, string field)
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

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.Host.Length == 0)
        {
            throw new RequestException(
                field,
                $"'{RequestValidator.Printable(url)}' is no URL that can be called with protocol {protocol}; it must start with http:// or https:// and name a host");
        }

        return url;
    }
}
