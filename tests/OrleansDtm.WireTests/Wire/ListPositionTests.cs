using OrleansDtm.Grains.Service;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>The text form of listing positions.</summary>
public sealed class ListPositionTests
{
    [Theory]
    [InlineData("", 1, 0L)]
    [InlineData("17", 1, 17L)]
    [InlineData("", 3, 0L, 0L, 0L)]
    [InlineData("17-4-1", 3, 17L, 4L, 1L)]
    [InlineData("9223372036854775807-1", 2, 9223372036854775807L, 1L)]
    public void It_is_read_as_it_was_written(string text, int shards, params long[] ids)
    {
        Assert.Equal(ids, ListPosition.Parse(text, shards));
        Assert.Equal(text.Length == 0 ? string.Join('-', ids) : text, ListPosition.Format(ids));
    }

    [Theory]
    [InlineData("17-4", 1)]
    [InlineData("-1", 1)]
    [InlineData("17", 2)]
    [InlineData("17-4", 3)]
    [InlineData("17-4-1", 2)]
    [InlineData("17-x-1", 2)]
    [InlineData("17--1", 2)]
    [InlineData("17-+1", 2)]
    [InlineData("017-1", 2)]
    [InlineData("17-9223372036854775808", 2)]
    [InlineData("next", 2)]
    public void What_is_none_is_refused_by_name(string text, int shards)
    {
        var refused = Assert.Throws<RequestException>(() => ListPosition.Parse(text, shards));
        Assert.StartsWith("position: '" + text, refused.Message, StringComparison.Ordinal);
    }
}
