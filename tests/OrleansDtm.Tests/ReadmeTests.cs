using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Tests.Wire;
using Xunit;

namespace OrleansDtm.Tests;

/// <summary>The commands of the READMEs do what they say.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task The_curl_examples_work_against_a_running_server()
    {
        await using var server = await ServerProcess.Start(TestContext.Current.CancellationToken);
        var script = Blocks(Root).Single(block => block.Contains("/submit", StringComparison.Ordinal))
            .Replace("localhost:36789", new Uri(server.Url).Authority, StringComparison.Ordinal)
            .Replace("curl -s", "curl -s -w '\\n'", StringComparison.Ordinal);

        var lines = (await Bash(script)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(6, lines.Length);
        Assert.Equal("""{"dtm_result":"SUCCESS"}""", lines[0]);
        Assert.Equal("succeed", JsonDocument.Parse(lines[1]).RootElement.GetProperty("transaction").GetProperty("status").GetString());
        Assert.Equal(0, JsonDocument.Parse(lines[2]).RootElement.GetProperty("transactions").GetArrayLength());
        Assert.NotEmpty(JsonDocument.Parse(lines[3]).RootElement.GetProperty("gid").GetString()!);
        Assert.Equal("""{"msg":"pong"}""", lines[4]);
        Assert.Equal("ready", lines[5]);
    }

    [Fact]
    public void The_commands_name_projects_that_exist()
    {
        var projects = Blocks().SelectMany(block => ProjectOption().Matches(block)).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Contains("src/Samples/QuickStart", projects);
        Assert.All(projects, project => Assert.NotEmpty(Directory.GetFiles(RepositoryRoot.File(project), "*.csproj")));
    }

    [Fact]
    public void Files_they_point_to_exist()
    {
        var files = All().SelectMany(readme => FileInBackticks().Matches(File.ReadAllText(readme)))
            .Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.True(File.Exists(RepositoryRoot.File(file)), file));
    }

    [Fact]
    public void Links_to_files_lead_somewhere()
    {
        foreach (var readme in All())
        {
            var links = Link().Matches(File.ReadAllText(readme)).Select(match => match.Groups[1].Value)
                .Where(link => !link.Contains("://", StringComparison.Ordinal));
            Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(readme)!, link)), $"{readme}: {link}"));
        }
    }

    [Fact]
    public void The_first_page_is_short() => Assert.InRange(File.ReadAllLines(Root).Length, 1, 150);

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

    private static string Root => RepositoryRoot.File("README.md");

    /// <summary>The bash blocks of all READMEs.</summary>
    internal static IEnumerable<string> Blocks() => All().SelectMany(Blocks);

    private static IEnumerable<string> Blocks(string readme) =>
        BashBlock().Matches(File.ReadAllText(readme)).Select(match => match.Groups[1].Value);

    private static IEnumerable<string> All() => new[] { "src", "tests", "helm" }
        .SelectMany(folder => Directory.EnumerateFiles(RepositoryRoot.File(folder), "*.md", SearchOption.AllDirectories))
        .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal))
        .Append(Root);

    internal static async Task<string> Bash(string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-e"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(bash.ExitCode == 0, $"exit code {bash.ExitCode}: {errors}{output}");
        return output;
    }

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex BashBlock();

    [GeneratedRegex("--project ([\\w./]+)")]
    private static partial Regex ProjectOption();

    [GeneratedRegex(@"\]\(([^)#]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex("`((?:src|tests|sql)/[\\w./]+\\.(?:md|cs|sql))`")]
    private static partial Regex FileInBackticks();
}
