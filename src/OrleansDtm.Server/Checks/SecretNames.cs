using System.Data.Common;
using System.Text.RegularExpressions;

namespace OrleansDtm.Server.Checks;

/// <summary>Hides secrets in output and in support cases.</summary>
internal static partial class SecretNames
{
    /// <summary>Replaces a secret.</summary>
    public const string Mask = "***";

    /// <summary>Whether a field, header or setting of this name is a secret. Errs on the side of hiding.</summary>
    public static bool IsSecret(string name) => Secret().IsMatch(name);

    /// <summary>A URL, or a text with one, without the password and secret query values.</summary>
    public static string MaskUrl(string text)
    {
        var shown = UserInfo().Replace(text, $"$1{Mask}@");
        var query = shown.IndexOf('?', StringComparison.Ordinal);
        return query < 0
            ? shown
            : shown[..(query + 1)] + string.Join('&', shown[(query + 1)..].Split('&').Select(static pair =>
                pair.Split('=', 2) is [var name, _] && IsSecret(name) ? $"{name}={Mask}" : pair));
    }

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

    [GeneratedRegex("pass(word|wd|phrase|code)|pwd|secret|token|credential|authori[sz]ation|cookie|signature|hash|api-?_?key|private-?_?key|access-?_?key|account-?_?key|^sig$|^keys?$|^pin$|^cvc$|^cvv$", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex("([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#\\s]*@")]
    private static partial Regex UserInfo();
}
