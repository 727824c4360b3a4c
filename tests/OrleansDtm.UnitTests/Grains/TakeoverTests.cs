using OrleansDtm.Grains.Recovery;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The times of searches for calls of dead processes.</summary>
public sealed class TakeoverTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly Takeover _takeover = new();

    [Fact]
    public void A_dead_process_is_searched_at_once_and_again_until_it_must_be_quiet()
    {
        List<double> searched = [];
        for (var seconds = 0; seconds <= 120; seconds++)
        {
            foreach (var owner in _takeover.Next([7], once: false, At(seconds)))
            {
                searched.Add(seconds);
                _takeover.Searched(owner, all: true, At(seconds));
            }
        }

        Assert.Equal([0, 4, 8, 12, 16, 20], searched);
    }

    [Fact]
    public void A_search_that_could_not_wake_everything_is_repeated_ever_more_seldom()
    {
        List<double> searched = [];
        for (var seconds = 0; seconds <= 200; seconds++)
        {
            foreach (var owner in _takeover.Next([7], once: true, At(seconds)))
            {
                searched.Add(seconds);
                _takeover.Searched(owner, all: seconds > 150, At(seconds));
            }
        }

        Assert.Equal([0, 1, 3, 7, 15, 31, 63, 123, 183], searched);
    }

    [Fact]
    public void Of_those_dead_from_the_start_only_the_youngest_are_searched_and_all_that_die_later()
    {
        var old = Enumerable.Range(1, 100).Select(static i => (long)i).ToList();
        Assert.Equal(Takeover.OldMax, _takeover.Next(old, once: false, At(0)).Count);
        foreach (var owner in old.Take(Takeover.OldMax))
        {
            _takeover.Searched(owner, all: true, At(0));
        }

        Assert.Equal([1000], _takeover.Next([1000, .. old], once: false, At(1)));
    }

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);
}
