using Xunit;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>
/// Every pattern with every store fault at every write: nothing is lost, duplicated or contradictory.
/// </summary>
public sealed class StoreFaultTests
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(15);

    public static TheoryData<string, StoreFault> Cases() =>
        new(from name in FaultScenario.All.Keys from fault in Enum.GetValues<StoreFault>() select (name, fault));

    public static TheoryData<string> Names() => [.. FaultScenario.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_fault_at_each_write_leads_to_the_end_its_branches_dictate(string name, StoreFault fault)
    {
        var scenario = FaultScenario.All[name];
        foreach (var keepAlive in (TimeSpan[])[TimeSpan.FromSeconds(30), TimeSpan.Zero])
        {
            foreach (var wait in (bool[])[false, true])
            {
                var undisturbed = new FaultWorld(scenario, keepAlive, wait, static _ => StoreFault.None).Play();
                for (var position = 1; position <= undisturbed.Store.Writes; position++)
                {
                    var at = position;
                    var world =
                        new FaultWorld(scenario, keepAlive, wait, n => n == at ? fault : StoreFault.None).Play();

                    // A commit after a reported loss looks like another owner's write, so calls in flight are repeated.
                    // A workflow whose SDK cannot reach the store sends no requests, so it is resumed (w0).
                    var repeats = fault == StoreFault.CommitAfterLoss ? 1 : 0;
                    world.Hold(
                        world.Calls.All(c => c.Key == "w0" || c.Value <= undisturbed.Calls[c.Key] + repeats),
                        "a fault of the store repeats no call");
                    world.Hold(
                        world.Took <= undisturbed.Took + FaultyStore.Slow + Recovery,
                        "it goes on soon after the fault is over");
                }
            }
        }
    }

    /// <summary>The seeds are fixed, so a failure is reproducible. Its message contains the whole story.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Many_faults_in_any_mixture_lead_there_too(string name)
    {
        const int seeds = 100;
        const int faultyWrites = 25;
        var kinds = Enum.GetValues<StoreFault>();
        for (var seed = 0; seed < seeds; seed++)
        {
            var random = new Random(seed);
            var faults = Enumerable.Range(0, faultyWrites)
                .Select(_ => random.NextDouble() < 0.4 ? kinds[random.Next(kinds.Length)] : StoreFault.None)
                .ToArray();
            var keepAlive = seed % 2 == 0 ? TimeSpan.FromSeconds(30) : TimeSpan.Zero;
            new FaultWorld(
                FaultScenario.All[name],
                keepAlive,
                seed % 3 == 0,
                n => n <= faultyWrites ? faults[n - 1] : StoreFault.None).Play();
        }
    }
}
