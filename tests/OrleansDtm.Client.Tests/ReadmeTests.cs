using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>The C# in the READMEs equals the C# that is compiled and run here.</summary>
public sealed partial class ReadmeTests(RunningCoordinator coordinator)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void The_program_of_the_README_is_the_sample() =>
        Assert.Contains(
            File.ReadAllText(RepositoryRoot.File("src", "Samples", "FirstSaga", "Program.cs")),
            Blocks("src", "OrleansDtm.Client.AspNetCore", "README.md"));

    [Theory]
    [InlineData("first", "README.md")]
    [InlineData("first", "src/OrleansDtm.Client/README.md")]
    [InlineData("others", "src/OrleansDtm.Client/README.md")]
    [InlineData("policies", "src/OrleansDtm.Client/README.md")]
    [InlineData("results", "src/OrleansDtm.Client/README.md")]
    [InlineData("workflow", "src/OrleansDtm.Client/README.md")]
    public void What_the_README_shows_is_compiled(string mark, string readme)
    {
        var source = File.ReadAllText(RepositoryRoot.File("tests", "OrleansDtm.Client.Tests", "ReadmeSnippets.cs"));
        var snippet = Regex.Match(source, $@"( *)// <{mark}>\n(.*?)\n *// </{mark}>", RegexOptions.Singleline);
        Assert.True(snippet.Success, mark);
        Assert.Contains(
            Regex.Replace(snippet.Groups[2].Value, $"^{snippet.Groups[1].Value}", "", RegexOptions.Multiline) + "\n",
            Blocks(readme));
    }

    [Fact]
    public async Task The_program_of_the_README_moves_money_and_takes_it_back()
    {
        var folder = Directory.CreateTempSubdirectory("orleansdtm-readme-");
        using var bank = Process.Start(new ProcessStartInfo(
            "dotnet", [
                Built("FirstSaga"),
                "--urls=http://127.0.0.1:0",
                $"--Dtm={coordinator.Url}",
                "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
            ])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var url = await Listening(bank.StandardOutput);
            using var http = new HttpClient();

            Assert.Equal("Succeeded ", await Transfer("B", 30));
            Assert.StartsWith("Failed ", await Transfer("nobody", 30), StringComparison.Ordinal);
            Assert.StartsWith("Failed ", await Transfer("B", 71), StringComparison.Ordinal);
            Assert.StartsWith("Failed ", await Transfer("B", -30), StringComparison.Ordinal);
            Assert.Equal("Succeeded ", await Transfer("B", 70)); // The failed transfers left A with 70.

            // The compensation must succeed even if the money is spent: a compensation that fails is retried without
            // end.
            Assert.Equal(200, await Branch("in", "g1", "action", "A", "B", 1));
            Assert.Equal(200, await Branch("out", "g2", "action", "B", "A", 201));
            Assert.Equal(200, await Branch("in-undo", "g1", "compensate", "A", "B", 1));

            // The branch URLs must not depend on the request's Host header.
            async Task<string> Transfer(string to, long amount)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, url + "/transfer")
                {
                    Content = JsonContent.Create(new { from = "A", to, amount }),
                };
                request.Headers.Host = "elsewhere.invalid";
                using var answer = await http.SendAsync(request, Cancel);
                return await answer.Content.ReadAsStringAsync(Cancel);
            }

            async Task<int> Branch(string path, string gid, string op, string from, string to, long amount)
            {
                using var answer = await http.PostAsJsonAsync(
                    $"{url}/{path}?gid={gid}&trans_type=saga&branch_id=01&op={op}", new { from, to, amount }, Cancel);
                return (int)answer.StatusCode;
            }
        }
        finally
        {
            bank.Kill();
            await bank.WaitForExitAsync(CancellationToken.None);
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// Returns the sample's own build output, because the sample uses other libraries than the tests.
    /// </summary>
    private static string Built(string sample) => Path.Combine(
        AppContext.BaseDirectory.Replace(
            RepositoryRoot.File("tests", "OrleansDtm.Client.Tests"),
            RepositoryRoot.File("src", "Samples", sample),
            StringComparison.Ordinal).Replace("net8.0", "net10.0", StringComparison.Ordinal),
        sample + ".dll");

    private static async Task<string> Listening(StreamReader output)
    {
        while (await output.ReadLineAsync(Cancel) is { } line)
        {
            if (Address().Match(line) is { Success: true } match)
            {
                return match.Groups[1].Value;
            }
        }

        throw new InvalidOperationException("The sample ended before it listened.");
    }

    private static string[] Blocks(params string[] readme) =>
        [.. CSharpBlock().Matches(File.ReadAllText(RepositoryRoot.File(readme))).Select(
            match => match.Groups[1].Value)];

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex("Now listening on: (http://[0-9.:]+)")]
    private static partial Regex Address();
}
