using System.Text;
using System.Text.Unicode;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// A result in JSON, always exact: as text if it is UTF-8, else as base64. Also as base64 if the whole answer is
/// searched for secrets in URLs, which would change the text; payloads are base64 as well.
/// </summary>
public static class ResultTexts
{
    /// <summary>Returns the text; null = see <see cref="Bytes"/>.</summary>
    /// <param name="body">The result.</param>
    /// <param name="secrets">False if the answer is searched for secrets.</param>
    public static string? Text(ReadOnlySpan<byte> body, bool secrets = true) =>
        IsText(body, secrets) ? Encoding.UTF8.GetString(body) : null;

    /// <summary>Returns the bytes if they are not shown as text; null = they are.</summary>
    /// <param name="body">The result.</param>
    /// <param name="secrets">False if the answer is searched for secrets.</param>
    public static byte[]? Bytes(ReadOnlySpan<byte> body, bool secrets = true) =>
        IsText(body, secrets) ? null : body.ToArray();

    private static bool IsText(ReadOnlySpan<byte> body, bool secrets) =>
        Utf8.IsValid(body) && (secrets || !body.Contains((byte)'='));
}
