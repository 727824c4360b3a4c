using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Core;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>Documentation, dashboards and alerts use the metrics that the server exposes.</summary>
[Collection(TelemetryServers.Name)]
public sealed partial class MetricNameTests(TracedServer servers)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_documented_measurements_are_those_the_server_shows()
    {
        await using var busi = await Participant.Start();
        using var dtm = new Dtm(servers.Silent);
        var gid = SagaBody.NewGid();
        await dtm.Accept(SagaBody.Of(gid, busi));
        await dtm.Until("succeed", gid);
        await dtm.Accept(new JsonObject // Its action is put aside.
        {
            ["gid"] = SagaBody.NewGid(),
            ["trans_type"] = "msg",
            ["steps"] = new JsonArray(new JsonObject { ["action"] = "http://127.0.0.1:1/nobody" }),
            ["payloads"] = new JsonArray("{}"),
            ["give_up_after"] = 1,
        });

        var documented = Documented();
        HashSet<string> shown = [];
        await Poll.Until(
            async () =>
            {
                var text = (await dtm.Send(HttpMethod.Get, servers.Silent.Url + "/api/metrics", null)).Text;
                shown = [.. TypeLine().Matches(text).Select(static match => match.Groups[1].Value)];
                return documented.IsSubsetOf(shown);
            },
            Poll.Patience,
            () => $"documented but not shown: {string.Join(", ", documented.Except(shown))}",
            Cancel);

        // .NET documents its own metrics.
        Assert.DoesNotContain(
            shown.Except(documented), static name => !name.StartsWith("dotnet_", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("templates", "prometheusrule.yaml", 8)]
    [InlineData("dashboards", "orleansdtm.json", 20)]
    public async Task Alerts_and_dashboard_use_documented_measurements(string folder, string file, int atLeast)
    {
        var text = await File.ReadAllTextAsync(RepositoryRoot.File("helm", "orleansdtm", folder, file), Cancel);
        var used = Name().Matches(text).Select(static match => Suffix().Replace(match.Value, "")).ToHashSet();

        Assert.True(used.Count >= atLeast, string.Join(", ", used));
        Assert.Subset(Documented(), used);
    }

    /// <summary>
    /// The APIs, the admin page, spans and metrics must use the same word for an outcome, so that users can search for
    /// it.
    /// </summary>
    [Fact]
    public void An_outcome_has_one_word_which_names_have_without_the_blank()
    {
        var words = Enum.GetValues<OutcomeKind>()
            .Where(static kind => kind != default)
            .ToDictionary(static kind => kind, Names.Of);

        Assert.Equal(
            ["failed", "not sent", "ongoing", "succeeded", "unknown"], words.Values.Order(StringComparer.Ordinal));
        Assert.All(words, static word => Assert.Equal(word.Value.Replace(' ', '_'), AttemptTracing.WordOf(word.Key)));
    }

    [Fact]
    public void However_many_hosts_are_called_only_so_many_have_series()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        var metrics = new BranchMetrics(factory);
        var calls = new Dictionary<string, long>();
        var inFlight = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "dtm_branch_calls_total" && (string?)tags[1].Value == "succeeded")
            {
                calls[(string)tags[0].Value!] = value;
            }
            else if (instrument.Name == "dtm_branch_calls_in_flight")
            {
                inFlight[(string)tags[0].Value!] = value;
            }
        });
        listener.Start();

        for (var i = 0; i < 2 * BranchMetrics.HostsMax; i++)
        {
            var load = metrics.Of($"host{i}:80");
            Assert.Same(load, metrics.Of($"host{i}:80"));
            load.Flies(1);
            metrics.Ended(
                load, OutcomeKind.Succeeded, attempt: 1, TimeSpan.FromMilliseconds(1), DateTimeOffset.UnixEpoch);
        }

        listener.RecordObservableInstruments();
        Assert.Equal(BranchMetrics.HostsMax + 1, calls.Count);
        Assert.Equal((1, BranchMetrics.HostsMax), (calls["host0:80"], calls[BranchMetrics.Other]));
        Assert.Equal((1, BranchMetrics.HostsMax), (inFlight["host0:80"], inFlight[BranchMetrics.Other]));
    }

    private static HashSet<string> Documented() =>
    [
        .. File.ReadLines(RepositoryRoot.File("src", "OrleansDtm.Server", "Telemetry", "README.md"))
            .Select(static line => TableRow().Match(line))
            .Where(static match => match.Success)
            .Select(static match => match.Groups[1].Value),
    ];

    [GeneratedRegex(@"^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \|")]
    private static partial Regex TableRow();

    [GeneratedRegex(@"^# TYPE ([a-z0-9_]+) ", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"\b(dtm|process|dotnet)_[a-z0-9_]+")]
    private static partial Regex Name();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
