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

    private static async Task<string> Post(string url, object body)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsJsonAsync(url, body, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return text;
    }

    private static async Task Listens(string url, Process program)
    {
        using var http = new HttpClient();
        await Poll.Until(
            async () =>
            {
                Assert.False(program.HasExited, "the program has ended");
                try
                {
                    using var answer = await http.GetAsync(new Uri(url + "/none"), Cancel);
                    return true;
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
