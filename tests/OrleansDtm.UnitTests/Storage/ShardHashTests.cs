using System.Globalization;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>The shard of a gid must never change: databases in use depend on these numbers.</summary>
public sealed class ShardHashTests
{
    /// <summary>Published test vectors of FNV-1a, folded: "a" is af63dc4c8601ec8c, "foobar" 85944171f73967e8.</summary>
    [Theory]
    [InlineData("a", 0xaf63dc4cUL ^ 0x8601ec8cUL, 0xaf63dc4c_8601ec8cUL)]
    [InlineData("foobar", 0x85944171UL ^ 0xf73967e8UL, 0x85944171_f73967e8UL)]
    public void It_is_the_published_hash(string gid, ulong folded, ulong hash)
    {
        Assert.Equal(folded, (hash ^ (hash >> 32)) & uint.MaxValue);
        foreach (var shards in (int[])[2, 3, 7, 1000])
        {
            Assert.Equal((int)((hash ^ (hash >> 32)) % (ulong)shards), ShardHash.ShardOf(gid, shards));
        }
    }

    [Theory]
    [MemberData(nameof(Frozen))]
    public void It_is_frozen(string gid, int of2, int of3, int of4, int of16) =>
        Assert.Equal(
            [0, of2, of3, of4, of16], new[] { 1, 2, 3, 4, 16 }.Select(shards => ShardHash.ShardOf(gid, shards)));

    public static TheoryData<string, int, int, int, int> Frozen() => new()
    {
        { "", 1, 0, 1, 1 },
        { "a", 0, 1, 0, 0 },
        { "order-1", 0, 0, 2, 2 },
        { "4jxJ2cPbEwAyKvN6", 0, 1, 0, 0 },
        { "Gid with space ", 1, 1, 3, 3 },
        { "überweisung-日本-😀", 0, 0, 2, 2 },
        { new string('x', 128), 1, 0, 3, 3 },
        { new string('é', 1000), 1, 0, 3, 11 },
    };

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void It_spreads_evenly_what_people_use_as_gids(int shards)
    {
        const int count = 8000;
        Func<int, string>[] styles =
        [
            static i => "order-" + i.ToString(CultureInfo.InvariantCulture),
            static i => i.ToString("D12", CultureInfo.InvariantCulture),
            static i => new Guid(i, 7, 7, [1, 2, 3, 4, 5, 6, 7, 8]).ToString(),
            static i => "tenant/" + (i % 10) + "/" + Convert.ToBase64String(BitConverter.GetBytes(i * 7919)),
        ];
        foreach (var style in styles)
        {
            var sizes = Enumerable.Range(0, count)
                .GroupBy(i => ShardHash.ShardOf(style(i), shards))
                .Select(static g => g.Count())
                .ToArray();
            Assert.Equal(shards, sizes.Length);
            Assert.All(sizes, size => Assert.InRange(size, count / shards * 0.85, count / shards * 1.15));
        }
    }
}
