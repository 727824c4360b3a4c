using OrleansDtm.Grains.Watching;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>A stream that keeps its last items.</summary>
public sealed class ChangeRingTests
{
    private readonly ChangeRing<int> _ring = new(epoch: 7, capacity: 4);

    [Fact]
    public void A_reader_gets_what_follows_its_position()
    {
        var start = _ring.Now;
        Add(1, 2, 3);
        var (items, position, hasGap) = _ring.Read(start, 2);
        Assert.False(hasGap);
        Assert.Equal([1, 2], items);
        Assert.Equal([3], _ring.Read(position, 9).Items);
        Add(4, 5, 6);
        Assert.Equal([3, 4, 5, 6], _ring.Read(position, 9).Items);
        Assert.Empty(_ring.Read(_ring.Now, 9).Items);
    }

    [Fact]
    public void A_position_that_is_no_longer_kept_or_of_another_recording_has_a_gap()
    {
        var start = _ring.Now;
        Add(1, 2, 3, 4);
        Assert.False(_ring.Read(start, 9).HasGap);
        Add(5);
        foreach (var unknown in new[]
        {
            start, default, new ChangePosition(7, 6), new ChangePosition(7, -1), new ChangePosition(8, 5),
        })
        {
            var (items, position, hasGap) = _ring.Read(unknown, 9);
            Assert.True(hasGap);
            Assert.Empty(items);
            Assert.Equal(_ring.Now, position);
        }
    }

    [Fact]
    public void A_reader_that_has_read_all_waits_for_the_next_item()
    {
        Add(1);
        var (first, second) = (_ring.Grown(_ring.Now), _ring.Grown(_ring.Now));
        Assert.False(first.IsCompleted);
        Assert.True(_ring.Grown(new ChangePosition(7, 0)).IsCompleted);
        Assert.True(_ring.Grown(default).IsCompleted);
        Add(2);
        Assert.True(first.IsCompleted && second.IsCompleted);
        Assert.False(_ring.Grown(_ring.Now).IsCompleted);
    }

    private void Add(params int[] items)
    {
        foreach (var item in items)
        {
            _ring.Add(item);
        }
    }
}
