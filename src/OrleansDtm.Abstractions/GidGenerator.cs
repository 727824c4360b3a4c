using OrleansDtm.Shared;

namespace OrleansDtm.Abstractions;

/// <summary>
/// Creates gids: 26 characters, unique, increasing with time, so that new rows are adjacent in the index.
/// </summary>
public static class GidGenerator
{
    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";

    public static string New() =>
        string.Create(26, TimeOrderedId.New(), static (text, rest) =>
        {
            for (var i = text.Length - 1; i >= 0; i--)
            {
                text[i] = Digits[(int)(rest & 31)];
                rest >>= 5;
            }
        });
}
