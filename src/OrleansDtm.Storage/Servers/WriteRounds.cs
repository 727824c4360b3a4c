namespace OrleansDtm.Storage.Servers;

/// <summary>
/// Splits sorted writes into pieces for one set of statements each: every gid once, so that the writes of one gid
/// follow each other, and no more bytes than a command may have.
/// </summary>
internal static class WriteRounds
{
    /// <summary>The bytes of a write in a command besides its texts and bodies; an upper bound.</summary>
    private const int Overhead = 400;

    /// <summary>Whether one command can hold all writes; each gid must occur once.</summary>
    public static bool IsOne(IReadOnlyList<PlacedWrite> writes, long bytesMax)
    {
        var bytes = 0L;
        foreach (var placed in writes)
        {
            bytes += Size(placed.Write);
        }

        return bytes <= bytesMax;
    }

    /// <param name="sorted">By gid.</param>
    /// <param name="bytesMax">The maximum bytes of a piece.</param>
    /// <exception cref="StoreTooLargeException">A single write is larger.</exception>
    public static IEnumerable<List<PlacedWrite>> Cut(IReadOnlyList<PlacedWrite> sorted, long bytesMax)
    {
        var rest = sorted;
        while (rest.Count > 0)
        {
            var round = new List<PlacedWrite>(rest.Count);
            List<PlacedWrite>? later = null;
            foreach (var write in rest)
            {
                (round.Count > 0 && round[^1].Write.Gid == write.Write.Gid ? later ??= [] : round).Add(write);
            }

            foreach (var piece in ByBytes(round, bytesMax))
            {
                yield return piece;
            }

            rest = later ?? [];
        }
    }

    private static IEnumerable<List<PlacedWrite>> ByBytes(List<PlacedWrite> round, long bytesMax)
    {
        var (from, bytes) = (0, 0L);
        for (var i = 0; i < round.Count; i++)
        {
            var size = Size(round[i].Write);
            if (size > bytesMax)
            {
                throw new StoreTooLargeException(
                    $"The transaction '{round[i].Write.Gid}' takes {size} bytes to write and the server accepts "
                    + $"{bytesMax} in one command; raise max_allowed_packet of the server, or lower "
                    + "Limits:RequestBytesMax. [ODTM2010]");
            }

            if (bytes + size > bytesMax)
            {
                yield return round[from..i];
                (from, bytes) = (i, 0);
            }

            bytes += size;
        }

        yield return from == 0 ? round : round[from..];
    }

    private static long Size(EncodedWrite write) =>
        Overhead + (write.Gid.Length * 6L) + Escaped(write.Progress) + (write.Body is { } body ? Escaped(body) : 0)
        + (write.HasTags ? Tags(write.AddedTags) + Tags(write.RemovedTags) : 0);

    private static long Tags(IReadOnlyList<string> tags) => tags.Sum(static tag => Overhead + (tag.Length * 6L));

    /// <summary>A quoted literal doubles these characters.</summary>
    private static long Escaped(ReadOnlySpan<byte> bytes) =>
        bytes.Length + bytes.Count((byte)'\'') + bytes.Count((byte)'\\')
        + bytes.Count((byte)'"') + bytes.Count((byte)0);
}
