using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;
using Xunit;

namespace OrleansDtm.Simulation.Tests;

/// <summary>The short run of every build. Long runs are started manually.</summary>
public sealed class SeedTests
{
    private const int Runs = 200;

    [Fact]
    public void Two_hundred_seeds_break_no_invariant()
    {
        var campaign = new Campaign();
        var failed = campaign.Search(1, Runs, static () => Defect.None);
        Assert.True(
            failed is null,
            failed is null ? "" : string.Join(Environment.NewLine, Failure.Describe(failed, static () => Defect.None)));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(42)]
    [InlineData(137)]
    public void A_seed_tells_the_same_story_each_time(int seed)
    {
        var first = Story(seed);
        Assert.True(first.Count > 10);
        Assert.Equal(first, Story(seed));
    }

    [Fact]
    public void Every_kind_of_fault_is_drawn()
    {
        var plans = Enumerable.Range(1, 2000).Select(PlanGenerator.Of).ToList();
        Assert.Equal(
            Enum.GetValues<FaultKind>().Order(),
            plans.SelectMany(static p => p.Faults).Select(static f => f.Kind).Distinct().Order());
        Assert.Equal(
            Enum.GetValues<Fate>().Where(static f => f != Fate.Fine).Order(),
            plans.SelectMany(static p => p.Transactions)
                .SelectMany(static t => t.Fates)
                .Select(static f => f.Kind)
                .Distinct()
                .Order());
    }

    private static List<string> Story(int seed) =>
        [.. Timeline.Lines(Simulator.Play(PlanGenerator.Of(seed), Defect.None).History, null)];
}
