using System.Text;

namespace OrleansDtm.Storage;

/// <summary>
/// Which shard a gid belongs to. Must never change: stored transactions would be looked for in the wrong database.
/// FNV-1a of 64 bits over the gid's UTF-8, the upper half folded into the lower one by xor (the lowest bits alone mix
/// poorly), modulo the number of shards.
/// </summary>
public static class ShardHash
{
    private const ulong OffsetBasis = 14695981039346656037;
    private const ulong Prime = 1099511628211;
    private const int OnStackMax = 512;

    /// <param name="gid">Any text; half a surrogate pair counts as U+FFFD.</param>
    /// <param name="shards">The number of shards, at least 1.</param>
    /// <returns>0 to <paramref name="shards"/> - 1.</returns>
    public static int ShardOf(string gid, int shards)
    {
        ArgumentNullException.ThrowIfNull(gid);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        if (shards == 1)
        {
            return 0;
        }

        var bytesMax = Encoding.UTF8.GetMaxByteCount(gid.Length);
        Span<byte> bytes = bytesMax <= OnStackMax ? stackalloc byte[OnStackMax] : new byte[bytesMax];
        var hash = OffsetBasis;
        foreach (var one in bytes[..Encoding.UTF8.GetBytes(gid, bytes)])
        {
            hash = (hash ^ one) * Prime;
        }

        return (int)((hash ^ (hash >> 32)) % (ulong)shards);
    }
}
