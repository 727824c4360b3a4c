using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.WireTests.Metrics;

/// <summary>Submitters of tcc, xa and workflows choose branch ids, so the number of series must be limited.</summary>
public sealed class BranchIdTests
{
    [Fact]
    public void The_first_fifty_have_series_of_their_own_and_the_others_share_one()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new TransactionMetrics(services.GetRequiredService<IMeterFactory>());
        List<string> seen = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "dtm_branch_process_total")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "branchid")
                {
                    seen.Add((string)tag.Value!);
                }
            }
        });
        listener.Start();
        var plain = StoredSamples.Plain("g");
        foreach (var i in Enumerable.Range(1, 60).Append(1))
        {
            var id = i.ToString("00", CultureInfo.InvariantCulture);
            var state = plain with
            {
                Branches = [new BranchOp { Definition = StoredSamples.Call(id, BranchOps.Action) }],
            };
            metrics.OnBranchAnswered(state, new TransactionEvent.BranchAnswered(0, Outcome.Ongoing(), TimeSpan.Zero));
        }

        Assert.Equal("50", seen[49]);
        Assert.All(seen[50..60], static id => Assert.Equal("other", id));
        Assert.Equal("01", seen[60]);
    }
}
