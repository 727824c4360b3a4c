using OrleansDtm.Simulation.Checkers;
using OrleansDtm.Simulation.Defects;
using Xunit;

namespace OrleansDtm.Simulation.Tests;

/// <summary>Checks that every deliberate fault is found within its number of seeds.</summary>
public sealed class DefectTests
{
    public static TheoryData<string> Names() => [.. AllDefects.Each.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_deliberate_fault_is_found(string name)
    {
        var (make, check, seeds) = AllDefects.Each[name];
        Assert.NotNull(new Campaign().Search(1, seeds, make, check: check));
    }

    [Fact]
    public void Every_checker_has_a_deliberate_fault_that_it_finds() =>
        Assert.All(AllChecks.Each, static check => Assert.Contains(
            AllDefects.Each.Values, d => check.Name.StartsWith(d.Check, StringComparison.Ordinal)));

    [Fact]
    public void The_README_names_every_checker_and_every_deliberate_fault()
    {
        var text = File.ReadAllText(
            OrleansDtm.Tests.Support.RepositoryRoot.File("tests", "OrleansDtm.Simulation", "README.md"));
        Assert.All(AllChecks.Each, check => Assert.Contains(check.Name, text, StringComparison.Ordinal));
        Assert.All(AllDefects.Each, d => Assert.Contains($"| `{d.Key}` |", text, StringComparison.Ordinal));
        Assert.All(
            AllDefects.Each,
            d => Assert.Contains($"| {d.Value.Check} | {d.Value.Seeds} (", text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_failing_seed_is_shrunk_and_still_fails_for_the_same_reason()
    {
        static Defect Make() => new UnknownTakenForFailure();
        var failed = new Campaign().Search(1, 50, Make);
        Assert.NotNull(failed);
        var shrunk = Shrinker.Shrink(failed, Make);

        Assert.Equal(failed.Violation!.Check, shrunk.Violation?.Check);
        Assert.Single(shrunk.Plan.Transactions);
        Assert.True(shrunk.History.Count <= failed.History.Count);
        Assert.Contains(Failure.Describe(failed, Make), line => line.Contains("calls a", StringComparison.Ordinal));
    }
}
