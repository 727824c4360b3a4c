using System.Globalization;
using System.Text.Json;

namespace OrleansDtm.Core;

/// <summary>A JSON Pointer (RFC 6901), such as <c>/reservation/id</c>.</summary>
public sealed class JsonPointer
{
    private readonly string[] _tokens;
    private readonly string _text;

    private JsonPointer(string text, string[] tokens) => (_text, _tokens) = (text, tokens);

    /// <summary>True if it points to the whole document.</summary>
    public bool IsWhole => _tokens.Length == 0;

    /// <returns>The pointer; null = the text is not one.</returns>
    public static JsonPointer? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            return new JsonPointer(text, []);
        }

        if (text[0] != '/')
        {
            return null;
        }

        var tokens = text[1..].Split('/');
        for (var i = 0; i < tokens.Length; i++)
        {
            for (var at = tokens[i].IndexOf('~'); at >= 0; at = tokens[i].IndexOf('~', at + 1))
            {
                if (at + 1 == tokens[i].Length || tokens[i][at + 1] is not ('0' or '1'))
                {
                    return null;
                }
            }

            // In this order: "~01" is "~1", not "/".
            tokens[i] = tokens[i].Replace("~1", "/", StringComparison.Ordinal).Replace(
                "~0", "~", StringComparison.Ordinal);
        }

        return new JsonPointer(text, tokens);
    }

    /// <summary>Finds the value in a document.</summary>
    /// <returns>False if the document has no such value.</returns>
    public bool TryFind(JsonElement document, out JsonElement value)
    {
        value = document;
        foreach (var token in _tokens)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Object when value.TryGetProperty(token, out var member):
                    value = member;
                    break;
                case JsonValueKind.Array when Index(token) is { } index && index < value.GetArrayLength():
                    value = value[index];
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    public override string ToString() => _text;

    /// <summary>An index has digits only and no leading zero.</summary>
    private static int? Index(string token) =>
        (token.Length == 1 || !token.StartsWith('0'))
        && int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : null;
}
