using OrleansDtm.Fuzz.Engine;
using Xunit;

namespace OrleansDtm.Fuzz.Tests;

/// <summary>The short run in every build. Long runs are started manually.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20261122;
    private const int Inputs = 150;

    [Fact]
    public async Task Nothing_that_comes_from_outside_does_harm()
    {
        await using var targets = await AllTargets.Start(TestContext.Current.CancellationToken);
        var campaign = new Campaign(Seed, output.WriteLine);
        await campaign.Run(targets.All, Inputs, TestContext.Current.CancellationToken);
        campaign.Findings.AddRange(await targets.FindAfterEffects(TestContext.Current.CancellationToken));
        foreach (var line in campaign.Report())
        {
            output.WriteLine(line);
        }

        Assert.True(campaign.Findings.Count == 0, string.Join('\n', campaign.Report()));
    }
}
