using System.Diagnostics;
using System.Net.Http.Json;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Packages;

/// <summary>Projects of <c>dotnet new</c> build from the packages and run with a coordinator.</summary>
public sealed class TemplateTests(PackageFeed feed) : IAsyncLifetime
{
    private ServerProcess _coordinator = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await feed.Ready();
        _coordinator = await ServerProcess.Start(Cancel);
    }

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    [Theory]
    [InlineData("net8.0")]
    [InlineData("net10.0")]
    public async Task A_participant_moves_money_and_takes_it_back(string framework)
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        using var program = await Start("dtm-participant", framework, "--urls=" + url);
        try
        {
            await Listens(url, program);
            Assert.Equal("Succeeded ", await Post(url + "/transfer", new { from = "A", to = "B", amount = 30 }));
            Assert.StartsWith(
                "Failed ",
                await Post(url + "/transfer", new { from = "A", to = "nobody", amount = 30 }),
                StringComparison.Ordinal);
        }
        finally
        {
            program.Kill();
        }
    }

    [Theory]
    [InlineData("net8.0")]
    [InlineData("net10.0")]
    public async Task A_workflow_books_a_trip_and_cancels_what_cannot_be_completed(string framework)
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        using var program = await Start("dtm-workflow", framework, "--Url=" + url);
        try
        {
            await Listens(url, program);
            Assert.StartsWith(
                "booked as ", await Post(url + "/trips", new { city = "Oslo" }), StringComparison.Ordinal);
            Assert.Contains(
                "no flight to Atlantis",
                await Post(url + "/trips", new { city = "Atlantis" }),
                StringComparison.Ordinal);
        }
        finally
        {
            program.Kill();
        }
    }

    /// <summary>Without a container engine: the coordinator is a process, as in the README of Aspire.Hosting.</summary>
    [Fact]
    public async Task An_Aspire_application_starts_its_coordinator_and_moves_money()
    {
        var (bank, dashboard) = (FreePort.Next(), FreePort.Next());
        var folder = await feed.NewSolution("dtm-aspire", made =>
        {
            var host = Path.Combine(made, "Made.AppHost", "Program.cs");
            File.WriteAllText(host, File.ReadAllText(host)
                .Replace(
                    "AddOrleansDtm(\"dtm\").WithDataVolume()",
                    $"""AddOrleansDtmProcess("dtm", "{ServerProcess.ServerDll()}").WithDataFile("dtm.db")""",
                    StringComparison.Ordinal)
                .Replace("5080", $"{bank}", StringComparison.Ordinal));
        });
        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(folder, "Made.AppHost", "bin", "Debug", "net10.0", "Made.AppHost.dll")])
        {
            WorkingDirectory = Path.Combine(folder, "Made.AppHost"),
        };
        start.Environment["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true";
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{dashboard}";
        start.Environment["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://127.0.0.1:{FreePort.Next()}";
        start.Environment["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://127.0.0.1:{FreePort.Next()}";
        using var program = Process.Start(start)!;
        try
        {
            var url = $"http://localhost:{bank}";
            await Answers(url + "/health", program);
            Assert.Equal("Succeeded ", await Post(url + "/transfer", new { from = "A", to = "B", amount = 30 }));
            Assert.StartsWith(
                "Failed ",
                await Post(url + "/transfer", new { from = "A", to = "nobody", amount = 30 }),
                StringComparison.Ordinal);
        }
        finally
        {
            program.Kill(entireProcessTree: true);
        }
    }

    private static async Task<string> Post(string url, object body)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsJsonAsync(url, body, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return text;
    }

    private static Task Listens(string url, Process program) => Answers(url + "/none", program, any: true);

    private static async Task Answers(string url, Process program, bool any = false)
    {
        using var http = new HttpClient();
        await Poll.Until(
            async () =>
            {
                Assert.False(program.HasExited, "the program has ended");
                try
                {
                    using var answer = await http.GetAsync(new Uri(url), Cancel);
                    return any || answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Poll.Patience,
            () => $"{url} does not listen",
            Cancel);
    }

    private async Task<Process> Start(string template, string framework, string argument)
    {
        var output = await feed.New(template, framework);
        var start = new ProcessStartInfo(
            "dotnet", [
                Path.Combine(output, "Made.dll"),
                argument,
                "--Dtm=" + _coordinator.Url,
                "--Logging:LogLevel:Default=Warning",
            ])
        {
            WorkingDirectory = output,
        };
        start.Environment["DOTNET_ROLL_FORWARD"] = "Major"; // Without a .NET 8 runtime.
        return Process.Start(start)!;
    }
}
