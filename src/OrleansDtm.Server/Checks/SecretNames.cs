using System.Data.Common;
using System.Text.RegularExpressions;
using OrleansDtm.Grains.Service;

namespace OrleansDtm.Server.Checks;

/// <summary>Hides secrets in output and in support cases.</summary>
internal static partial class SecretNames
{
    /// <summary>Replaces a secret.</summary>
    public const string Mask = "***";

    /// <summary>Whether a field, header or setting of this name is a secret. Errs on the side of hiding.</summary>
    public static bool IsSecret(string name) => Secret().IsMatch(name);

    /// <summary>
    /// The same for names that others chose: of fields, headers and query parameters. Settings have names such as
    /// SessionLifetime.
    /// </summary>
    public static bool IsSecretField(string name) => IsSecret(name) || Field().IsMatch(name);

    /// <summary>A URL, or a text with some, without passwords and secret query values.</summary>
    public static string MaskUrl(string text) => MaskQuery(UserInfo().Replace(text, $"$1{Mask}@"));

    /// <summary>A text, which may be JSON, without secret query values of its URLs.</summary>
    public static string MaskQuery(string text) => SecretHeaders.MaskQuery(text, IsSecretField);

    /// <summary>Scheme and host of a webhook: any other part of its URL may be a secret.</summary>
    public static string MaskWebHook(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) ? $"{url.Scheme}://{url.Authority}/{Mask}" : Mask;

    /// <summary>A connection string without its password; hidden completely if it is invalid.</summary>
    public static string MaskConnectionString(string text)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = text };
            foreach (var name in parts.Keys.Cast<string>().Where(IsSecret).ToList())
            {
                parts[name] = Mask;
            }

            return parts.ConnectionString;
        }
        catch (ArgumentException)
        {
            return Mask;
        }
    }

    [GeneratedRegex(
        "pass(word|wd|phrase|code)|pwd|secret|token|credential|authori[sz]ation|cookie|signature|hash|api-?_?key|"
        + "private-?_?key|access-?_?key|account-?_?key|^sig$|^keys?$|^pin$|^cvc$|^cvv$", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex("session|csrf|xsrf|jwt|^auth([nz]|[-_].*)?$|(?<!idempotency)[-_]key$", RegexOptions.IgnoreCase)]
    private static partial Regex Field();

    [GeneratedRegex("([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#\\s]*@")]
    private static partial Regex UserInfo();
}
