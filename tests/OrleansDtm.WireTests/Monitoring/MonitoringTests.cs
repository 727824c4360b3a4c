using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Helm;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Monitoring;

/// <summary>
/// The dashboard and the alerts, evaluated by Prometheus on the metrics of a server under load: an expression with a
/// name or label that the server does not have returns nothing, and nobody would notice.
/// </summary>
public sealed partial class MonitoringTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_expression_of_dashboard_and_alerts_finds_its_series()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        var alerts = (YamlSequenceNode)Manifests.At(
            (await Manifests.Of("production")).Monitor("PrometheusRule"), "spec", "groups")!;
        await using var prometheus = await PrometheusProcess.Start(Configuration(server), Rules(alerts));
        await Load(dtm, busi);

        var expressions = Alerts(alerts).Concat(Panels()).Distinct().ToList();
        Assert.InRange(expressions.Count, 45, 200);
        List<string> missing = [];
        // A rate needs two scrapes after the first value.
        await Poll.Until(
            async () =>
            {
                missing = [];
                foreach (var (place, expression) in expressions)
                {
                    if (await prometheus.Series(expression) == 0)
                    {
                        missing.Add($"{place}: {expression}");
                    }
                }

                return missing.Count == 0;
            },
            Poll.Patience,
            () => $"no series:\n{string.Join('\n', missing)}",
            Cancel);

        var groups = (await prometheus.Get("api/v1/rules")).GetProperty("data").GetProperty("groups");
        var rules = groups.EnumerateArray()
            .SelectMany(static one => one.GetProperty("rules").EnumerateArray()).ToList();
        Assert.Equal(((YamlSequenceNode)alerts[0]["rules"]).Children.Count, rules.Count);
        Assert.All(rules, static one => Assert.NotEqual("err", one.GetProperty("health").GetString()));
    }

    [Theory]
    [InlineData("max by (a) (x{b=\"c\"}) > 0", "max by (a) (x{b=\"c\"})")]
    [InlineData("rate(x[5m]) > 0.5 * rate(y[5m])", "rate(x[5m])", "0.5 * rate(y[5m])")]
    [InlineData("absent(up{a=\"b\"} == 1)", "up{a=\"b\"}")]
    [InlineData("time() - x", "time() - x")]
    public void Comparisons_are_taken_apart(string expression, params string[] sides) =>
        Assert.Equal(sides, Sides(expression));

    /// <summary>That of Compose, faster, with the labels that the Prometheus operator gives to a pod.</summary>
    private static string Configuration(ServerProcess server)
    {
        var given = File.ReadAllText(RepositoryRoot.File("src", "OrleansDtm.Server", "Compose", "prometheus.yaml"));
        var own = given
            .Replace("scrape_interval: 5s", "scrape_interval: 500ms", StringComparison.Ordinal)
            .Replace(
                "- targets: [\"dtm:36789\"]",
                $"- targets: [\"{new Uri(server.Url).Authority}\"]\n"
                    + "        labels: { namespace: dtm, service: bank-orleansdtm, pod: bank-orleansdtm-0 }",
                StringComparison.Ordinal);
        Assert.Contains("500ms", own, StringComparison.Ordinal);
        Assert.Contains(server.Url["http://".Length..], own, StringComparison.Ordinal);
        return own;
    }

    private static string Rules(YamlSequenceNode groups)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        new YamlStream(new YamlDocument(new YamlMappingNode("groups", groups))).Save(text, assignAnchors: false);
        return text.ToString().TrimEnd('.', '\r', '\n');
    }

    /// <summary>Transactions that succeed, roll back and wait; refused requests; repeated calls.</summary>
    private static async Task Load(Dtm dtm, Participant busi)
    {
        busi.On("/Act2", Reply.Success, Reply.Refusal, Reply.Error, Reply.Success);
        for (var i = 0; i < 3; i++)
        {
            var gid = SagaBody.NewGid();
            await dtm.Accept(SagaBody.Of(gid, busi));
            await dtm.Until(gid, Poll.Patience, "succeed", "failed");
        }

        var stuck = SagaBody.NewGid();
        busi.On("/Act1", Reply.Error);
        await dtm.Accept(SagaBody.Of(stuck, busi).With("retry_interval", 300));
        await dtm.UntilWaiting(stuck);
        await dtm.Submit(SagaBody.Of(stuck, busi).With("trans_type", "none"));
    }

    private static IEnumerable<(string Place, string Expression)> Alerts(YamlSequenceNode groups) =>
        from rule in groups[0]["rules"] is YamlSequenceNode rules ? rules.Children : []
        from side in Sides(Manifests.Text(rule, "expr")!)
        select (Manifests.Text(rule, "alert")!, side);

    private static List<(string Place, string Expression)> Panels()
    {
        using var dashboard = JsonDocument.Parse(
            File.ReadAllText(RepositoryRoot.File("helm", "orleansdtm", "dashboards", "orleansdtm.json")));
        return
        [
            .. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
               where panel.TryGetProperty("targets", out _)
               from target in panel.GetProperty("targets").EnumerateArray()
               let expression = target.GetProperty("expr").GetString()!
                   .Replace("$job", ".*", StringComparison.Ordinal)
                   .Replace("$__rate_interval", "1m", StringComparison.Ordinal)
               from side in Sides(expression)
               select (panel.GetProperty("title").GetString()!, side),
        ];
    }

    /// <summary>
    /// What a comparison compares: a healthy server must have the series, but they are not beyond the threshold.
    /// </summary>
    private static IEnumerable<string> Sides(string expression) =>
        Absent().Replace(expression.Trim(), "$1").Split([" > ", " == "], StringSplitOptions.TrimEntries)
            .Where(static side => !double.TryParse(side, CultureInfo.InvariantCulture, out _));

    [GeneratedRegex(@"^absent\((.*)\)$")]
    private static partial Regex Absent();
}
