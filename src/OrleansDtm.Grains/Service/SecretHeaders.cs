using System.Text.RegularExpressions;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Detects branch headers and query parameters of URLs that contain credentials. They are stored and sent, but masked
/// in views.
/// </summary>
public static partial class SecretHeaders
{
    /// <summary>The text that replaces a secret value.</summary>
    public const string Mask = "***";

    private static readonly string[] Parts =
    [
        "auth", "cookie", "token", "secret", "password", "passwd", "passphrase", "pwd", "credential", "api-key",
        "apikey", "api_key", "signature", "session", "csrf", "xsrf", "jwt", "-key", "_key",
    ];

    private static readonly string[] Names = ["key", "keys", "sig", "pass", "sid"];

    /// <summary>Returns true if the header name suggests a credential; in doubt true.</summary>
    public static bool IsSecret(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.Equals("Idempotency-Key", StringComparison.OrdinalIgnoreCase)
            && (Names.Contains(name, StringComparer.OrdinalIgnoreCase)
                || Parts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The text with the secret values in the queries of its URLs masked. It may be JSON.</summary>
    /// <param name="text">A URL, or a text that contains some.</param>
    /// <param name="isSecretToo">More names; null (default) = none.</param>
    public static string MaskQuery(string text, Func<string, bool>? isSecretToo = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Contains('=')
            ? Pair().Replace(text, pair => Uri.UnescapeDataString(pair.Groups[1].Value) is var name
                && (IsSecret(name) || isSecretToo?.Invoke(name) == true)
                ? $"{pair.Groups[1].Value}={Mask}"
                : pair.Value)
            : text;
    }

    /// <summary>
    /// After a ? or &amp;, which JSON may have escaped. A value ends where a URL ends in a text or in JSON.
    /// </summary>
    [GeneratedRegex(
        """(?<=[?&#]|\\u0026)([A-Za-z0-9_.~%$\[\]-]{1,128})=([^&\s"'<>\\]+)""",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Pair();
}
