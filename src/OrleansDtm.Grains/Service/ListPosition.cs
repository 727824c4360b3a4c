using System.Globalization;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// The position at which a listing continues, as an opaque text for clients: the id of the last row of each shard
/// (<c>17-4-1</c>).
/// </summary>
public static class ListPosition
{
    private const char Separator = '-';

    /// <summary>Parses a position.</summary>
    /// <param name="text">The text; empty = from the newest.</param>
    /// <param name="shards">The number of ids it must contain.</param>
    /// <exception cref="RequestException">The position is invalid for this coordinator.</exception>
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
                "position", $"'{RequestValidator.Printable(text)}' is not a next_position of these {shards} shards");
    }

    public static string Format(IReadOnlyList<long> ids) =>
        string.Join(Separator, ids.Select(static id => id.ToString(CultureInfo.InvariantCulture)));
}
