using System.Text.Unicode;

namespace OrleansDtm.Grains.Service;

/// <summary>A result in JSON: as text if it is UTF-8, which is exact, else as base64.</summary>
public static class ResultTexts
{
    /// <summary>Returns the text; null = the bytes are not UTF-8.</summary>
    public static string? Text(ReadOnlySpan<byte> body) =>
        Utf8.IsValid(body) ? System.Text.Encoding.UTF8.GetString(body) : null;

    /// <summary>Returns the bytes if they are not UTF-8; null = they are.</summary>
    public static byte[]? Bytes(ReadOnlySpan<byte> body) => Utf8.IsValid(body) ? null : body.ToArray();
}
