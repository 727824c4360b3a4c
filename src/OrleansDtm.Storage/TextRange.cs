using System.Text;

namespace OrleansDtm.Storage;

/// <summary>Ranges of texts that compare by code points, as all databases compare gids and tags.</summary>
internal static class TextRange
{
    /// <summary>The least text that is greater than all texts with this prefix; null = there is none.</summary>
    /// <param name="prefix">Valid Unicode.</param>
    public static string? After(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToList();
        while (runes.Count > 0)
        {
            var last = runes[^1].Value;
            runes.RemoveAt(runes.Count - 1);
            if (last < 0x10FFFF)
            {
                // No text contains a surrogate, so the code point after U+D7FF is U+E000.
                runes.Add(new Rune(last == 0xD7FF ? 0xE000 : last + 1));
                return string.Concat(runes);
            }
        }

        return null;
    }
}
