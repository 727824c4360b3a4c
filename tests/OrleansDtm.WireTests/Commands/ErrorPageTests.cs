using System.Net.Sockets;
using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using OrleansDtm.Tests.Support.Import;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Commands;

/// <summary>Messages that need action have a code, and each code has a page.</summary>
public sealed partial class ErrorPageTests
{
    private static string Pages => RepositoryRoot.File("src", "OrleansDtm.Server", "Errors");

    [Fact]
    public void Each_code_in_the_source_has_a_page_and_each_page_a_code_in_the_source()
    {
        var used = Directory.GetFiles(RepositoryRoot.File("src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(static file => Code().Matches(File.ReadAllText(file)))
            .Select(static match => match.Value)
            .ToHashSet();
        var pages = Directory.GetFiles(Pages, "ODTM*.md")
            .Select(static file => Path.GetFileNameWithoutExtension(file)!)
            .ToHashSet();

        Assert.Equal(used.Order(), pages.Order());
        var index = File.ReadAllText(Path.Combine(Pages, "README.md"));
        Assert.All(pages, page =>
        {
            var lines = File.ReadAllLines(Path.Combine(Pages, page + ".md"));
            Assert.StartsWith($"# {page}: ", lines[0], StringComparison.Ordinal);
            Assert.StartsWith("Seen: ", lines[2], StringComparison.Ordinal);
            // the actions to take
            Assert.Contains(lines, static line => line.StartsWith("- ", StringComparison.Ordinal));
            Assert.Contains(
                $"| [{page}]({page}.md) | {lines[0][(page.Length + 4)..]} |", index, StringComparison.Ordinal);
        });
        Assert.All(
            pages.SelectMany(page => Mentioned().Matches(File.ReadAllText(Path.Combine(Pages, page + ".md")))),
            m => Assert.Contains(m.Value, pages));
    }

    [Fact]
    public async Task A_start_that_is_refused_says_its_code()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, FreePort.Next());
        taken.Start();
        var folder = Directory.CreateTempSubdirectory("orleans-dtm-");
        try
        {
            var refused = await ServerCommand.Run(
                "run",
                $"--HttpPort={((System.Net.IPEndPoint)taken.LocalEndpoint).Port}",
                "--GrpcPort=0",
                $"--Store:Path={Path.Combine(folder.FullName, "dtm.db")}");
            refused.Ends(1);
            Assert.Contains("[ODTM1003]", refused.Errors, StringComparison.Ordinal);

            var wrong = await ServerCommand.Run("run", "--RetryInterval=soon");
            wrong.Ends(2);
            Assert.Contains("[ODTM1001]", wrong.Errors, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"ODTM\d{4}")]
    private static partial Regex Mentioned();

    [GeneratedRegex(@"ODTM\d{4}")]
    private static partial Regex Code();
}
