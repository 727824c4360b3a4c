using System.Globalization;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Tests.Import;
using OrleansDtm.Tests.Wire;
using Xunit;

namespace OrleansDtm.Tests.Commands;

/// <summary>check-config, run as a person runs it before a start.</summary>
[Collection(SharedServer.Name)]
public sealed class CheckConfigTests(RunningServer running)
{
    private ServerProcess Server => running.Process;

    private string Port => new Uri(Server.Url).Port.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task Beside_a_running_coordinator_the_taken_port_is_the_problem_and_without_ports_all_is_well()
    {
        string[] settings = [$"--HttpPort={Port}", "--GrpcPort=0", $"--Store:Path={Server.StorePath}", "--AlertWebHook=https://joe:pass@a.example/hook?token=abc"];

        var found = await ServerCommand.Run(["check-config", .. settings]);
        found.Ends(1);
        Assert.Contains($"PROBLEM  HttpPort {Port} is in use: stop who listens there", found.Output, StringComparison.Ordinal);
        Assert.Contains("note     a coordinator has this file open", found.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 problem.", found.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Matches($@"  HttpPort +{Port} +command line", found.Output);
        Assert.Matches(@"  RetryInterval +10 +default", found.Output);
        Assert.Contains("https://a.example/***", found.Output, StringComparison.Ordinal);

        var well = await ServerCommand.Run(["check-config", "--no-ports", .. settings]);
        well.Ends(0);
        Assert.Contains("ok       schema version", well.Output, StringComparison.Ordinal);
        Assert.EndsWith("A coordinator would start with these settings.", well.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_cannot_be_read_are_all_said_with_their_fix()
    {
        var found = await ServerCommand.Run("check-config", "--RetryInterval=soon", "--HttpPort=123456", "--Store:Driver=mysql", "--Store:Password=hidden!");
        found.Ends(1);
        Assert.Contains("RetryInterval: 'soon' is not a number of seconds from 0.01 to 86400 (default 10).", found.Output, StringComparison.Ordinal);
        Assert.Contains("HttpPort: '123456' is not a whole number from 0 to 65535 (default 36789).", found.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden!", found.Output + found.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_is_shown_with_its_value_and_where_it_comes_from()
    {
        string[] args = ["--Store:Driver=mysql", "--Store:Shards:0=Server=a;Password=p1;Database=d", "--Store:Shards:1=Server=b;Password=p2;Database=d"];

        var lines = SettingsReport.Lines(SettingsLoader.Explain(args), SettingsLoader.Load(args)).ToList();

        Assert.Contains(lines, static l => l.TrimStart().StartsWith("Limits:StepsMax", StringComparison.Ordinal) && l.Contains(" 1000 ", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.TrimStart().StartsWith("Store:Retention", StringComparison.Ordinal) && l.Contains(" 604800 ", StringComparison.Ordinal));
        Assert.Contains(lines, static l => l.Contains("Store:Shards:1", StringComparison.Ordinal) && l.Contains("server=b;password=***;database=d", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(lines, static l => l.Contains("p1", StringComparison.Ordinal) || l.Contains("p2", StringComparison.Ordinal));
        Assert.All(lines, static l => Assert.Matches(@"  \S+ +\S.* +(default|command line|environment)$", l));
    }

    [Theory]
    [InlineData("http://a/b?x=1", "http://a/b?x=1")]
    [InlineData("https://joe:secret@a/b?x=1&api_key=2#f", "https://***@a/b?x=1&api_key=***")]
    [InlineData("calling https://joe:secret@a/b failed", "calling https://***@a/b failed")]
    [InlineData("no url", "no url")]
    public void Of_a_URL_only_what_lets_somebody_in_is_hidden(string url, string shown) => Assert.Equal(shown, SecretNames.MaskUrl(url));

    [Theory]
    [InlineData("https://hooks.example.com/services/T1/B2/secret", "https://hooks.example.com/***")]
    [InlineData("not a url", "***")]
    public void Of_a_webhook_only_the_host_is_shown(string url, string shown) => Assert.Equal(shown, SecretNames.MaskWebHook(url));

    [Fact]
    public void A_database_file_that_cannot_be_written_is_a_problem()
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-");
        try
        {
            // What nobody can open for writing, not even root: a folder where the file should be would not exist as a file.
            var path = Path.Combine(folder.FullName, "dtm.db");
            File.WriteAllBytes(path, []);
            using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

            Assert.Contains(SqliteInspection.Look(new SqliteStoreOptions { Path = path }), static f => f.Text.Contains("is not writable", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
