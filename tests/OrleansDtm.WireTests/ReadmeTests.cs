using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests;

/// <summary>The commands in the READMEs work as described.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task The_curl_examples_work_against_a_running_server()
    {
        await using var server = await ServerProcess.Start(TestContext.Current.CancellationToken);
        var script = ReadmeCommands.Blocks(ReadmeCommands.Root)
            .Single(block => block.Contains("/submit", StringComparison.Ordinal))
            .Replace("localhost:36789", new Uri(server.Url).Authority, StringComparison.Ordinal)
            .Replace("curl -s", "curl -s -w '\\n'", StringComparison.Ordinal);

        var lines = (await ReadmeCommands.Bash(script)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(6, lines.Length);
        Assert.Equal("""{"dtm_result":"SUCCESS"}""", lines[0]);
        Assert.Equal(
            "succeed",
            JsonDocument.Parse(lines[1]).RootElement.GetProperty("transaction").GetProperty("status").GetString());
        Assert.Equal(0, JsonDocument.Parse(lines[2]).RootElement.GetProperty("transactions").GetArrayLength());
        Assert.NotEmpty(JsonDocument.Parse(lines[3]).RootElement.GetProperty("gid").GetString()!);
        Assert.Equal("""{"msg":"pong"}""", lines[4]);
        Assert.Equal("ready", lines[5]);
    }

    [Fact]
    public void The_commands_name_projects_that_exist()
    {
        var projects = ReadmeCommands.Blocks()
            .SelectMany(block => ProjectOption().Matches(block))
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .ToList();
        Assert.Contains("src/Samples/QuickStart", projects);
        Assert.All(projects, project => Assert.NotEmpty(Directory.GetFiles(RepositoryRoot.File(project), "*.csproj")));
    }

    [Fact]
    public void Files_they_point_to_exist()
    {
        var files = ReadmeCommands.All().SelectMany(readme => FileInBackticks().Matches(File.ReadAllText(readme)))
            .Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.True(File.Exists(RepositoryRoot.File(file)), file));
    }

    /// <summary>The chart's README is read outside of the repository too, so its links are absolute.</summary>
    [Fact]
    public void Links_to_this_repository_on_GitHub_lead_somewhere()
    {
        var paths = ReadmeCommands.All().SelectMany(readme => OwnLink().Matches(File.ReadAllText(readme)))
            .Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Contains("helm/README.md", paths);
        Assert.All(paths, path => Assert.True(Path.Exists(RepositoryRoot.File(path)), path));
    }

    /// <summary>Only the English commands are run. A translation that differs from them would not be noticed.</summary>
    [Fact]
    public void The_Chinese_README_has_the_same_code()
    {
        var english = CodeBlocks(ReadmeCommands.Root);
        Assert.True(english.Count >= 4, $"{english.Count} blocks");
        Assert.Equal(english, CodeBlocks(RepositoryRoot.File("src", "README.zh.md")));
        Assert.Contains(
            "(src/README.zh.md)",
            string.Join(' ', File.ReadLines(ReadmeCommands.Root).Take(8)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_page_is_short() => Assert.InRange(File.ReadAllLines(ReadmeCommands.Root).Length, 1, 150);

    [Fact]
    public void Defaults_it_states_are_the_defaults()
    {
        var defaults = new CoordinatorOptions();
        Assert.Equal(36789, defaults.HttpPort);
        Assert.Equal("data/orleansdtm.db", defaults.Store.Path);
        Assert.Equal(TimeSpan.FromSeconds(10), defaults.RetryInterval);
        Assert.Equal(TimeSpan.FromMinutes(10), defaults.RetryIntervalMax);
        Assert.Equal(TimeSpan.FromSeconds(3), defaults.RequestTimeout);
    }

    private static List<string> CodeBlocks(string readme) =>
        [.. CodeBlock().Matches(File.ReadAllText(readme)).Select(static match => match.Value)];

    [GeneratedRegex("^```\\w+\\n.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("--project ([\\w./]+)")]
    private static partial Regex ProjectOption();

    [GeneratedRegex(@"https://github\.com/orleansdtm/orleansdtm/(?:blob|tree)/main/([^)#\s]+)")]
    private static partial Regex OwnLink();

    [GeneratedRegex("`((?:src|tests|sql)/[\\w./]+\\.(?:md|cs|sql))`")]
    private static partial Regex FileInBackticks();
}
