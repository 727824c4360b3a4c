using OrleansDtm.Server.Configuration;
using OrleansDtm.Tests.Support;
using OrleansDtm.WireTests.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Guides;

/// <summary>
/// Every program and every command of the guides, in their order, against a running server. A block <c>text</c> after a
/// command is its output.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class GuideTests(RunningServer running)
{
    private static readonly string Folder = RepositoryRoot.File("src", "Guides");

    public static TheoryData<string> Guides =>
        [.. Directory.GetFiles(Folder, "*.md").Select(static file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Guides))]
    public async Task What_a_guide_shows_is_what_happens(string guide)
    {
        var home = Directory.CreateTempSubdirectory("orleansdtm-guide-");
        try
        {
            var output = "";
            foreach (var block in GuideBlock.Of(await File.ReadAllTextAsync(
                Path.Combine(Folder, guide), TestContext.Current.CancellationToken)))
            {
                switch (block.Language)
                {
                    case not ("bash" or "text" or "mermaid") when block.File.Length > 0:
                        await File.WriteAllTextAsync(
                            Path.Combine(home.FullName, block.File),
                            Here(block.Text),
                            TestContext.Current.CancellationToken);
                        break;
                    case "bash":
                        Require(block.Text, "node");
                        Require(block.Text, "python3");
                        output = await ReadmeCommands.Bash($"cd {home.FullName}\n{Prelude}{Here(block.Text)}");
                        break;
                    case "text":
                        Assert.True(block.Shows(output), $"{guide} shows\n{block.Text}\nbut it is\n{output}");
                        break;
                    case "mermaid":
                        break; // DiagramTests.
                    default:
                        Assert.Fail($"{guide}: a block of {block.Language} is not run");
                        break;
                }
            }
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    /// <summary>odtm as if it were installed.</summary>
    private string Prelude =>
        $"export ODTM_SERVER={running.Process.Url}\n"
        + $"odtm() {{ dotnet {Path.Combine(AppContext.BaseDirectory, "OrleansDtm.Cli.dll")} \"$@\"; }}\n";

    private string Here(string text) => text
        .Replace("localhost:36789", new Uri(running.Process.Url).Authority, StringComparison.Ordinal)
        .Replace(
            "dotnet run --project src/OrleansDtm.Server --",
            $"dotnet {typeof(SettingsLoader).Assembly.Location}",
            StringComparison.Ordinal);

    private static void Require(string commands, string program)
    {
        var isHere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));
        if (commands.StartsWith($"{program} ", StringComparison.Ordinal) && !isHere)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{program} is missing; install it");
            Assert.Skip($"{program} is not here");
        }
    }
}
