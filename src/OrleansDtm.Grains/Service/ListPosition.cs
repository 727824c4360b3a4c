using System.Globalization;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Where a listing continues, as text that clients only hand back: the id of the last row, for several shards one id each
/// (<c>17-4-1</c>).
/// </summary>
public static class ListPosition
{
    private const char Separator = '-';

    /// <param name="text">Empty = from the newest.</param>
    /// <param name="shards">How many ids it must hold.</param>
    /// <exception cref="RequestException">It is none of this coordinator's.</exception>
    public static IReadOnlyList<long> Parse(string text, int shards)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (shards == 1)
        {
            return [ListQuery.Whole("position", text, 0, 0, long.MaxValue)];
        }

        if (text.Length == 0)
        {
            return new long[shards];
        }

        var ids = new List<long>(shards);
        foreach (var part in text.Split(Separator, shards + 1))
        {
            if (long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                ids.Add(id);
            }
        }

        return ids.Count == shards && Format(ids).Length == text.Length
            ? ids
            : throw new RequestException(
                "position", $"'{RequestValidator.Printable(text)}' is not the next_position of a page of these {shards} shards");
    }

    public static string Format(IReadOnlyList<long> ids) =>
        string.Join(Separator, ids.Select(static id => id.ToString(CultureInfo.InvariantCulture)));
}
