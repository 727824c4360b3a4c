namespace OrleansDtm.Server.Security.Browsers;

/// <summary>Distinguishes browsers from SDKs, probes and command-line tools.</summary>
internal static class BrowserRequest
{
    /// <summary>
    /// Headers that every browser sends, or that scripts of a page can neither set nor remove. Sec-Fetch-* and Origin
    /// are not sufficient: over plain HTTP browsers omit them for requests to their own site and for images.
    /// </summary>
    public static bool Is(HttpRequest request)
    {
        var headers = request.Headers;
        return headers.Origin.Count > 0
            || headers["Sec-Fetch-Site"].Count > 0
            || headers["Sec-Fetch-Dest"].Count > 0
            || headers.Referer.Count > 0
            || headers.UserAgent.ToString().StartsWith("Mozilla/", StringComparison.OrdinalIgnoreCase)

            // Without image/gif: Java's own client accepts text/html too.
            || headers.Accept.ToString() is var accept
                && accept.Contains("text/html", StringComparison.OrdinalIgnoreCase) && !accept.Contains(
                    "image/gif", StringComparison.OrdinalIgnoreCase)

            // fetch of Node.js sends Accept-Language too, and of all Sec-Fetch headers only the mode.
            || (headers.AcceptLanguage.Count > 0 && headers["Sec-Fetch-Mode"].Count == 0);
    }
}
