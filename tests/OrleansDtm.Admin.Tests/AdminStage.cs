using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

[assembly: AssemblyFixture(typeof(OrleansDtm.Admin.Tests.AdminStage))]

// The tests mostly wait for pages, which wait for their next refresh.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]

namespace OrleansDtm.Admin.Tests;

/// <summary>
/// One coordinator and one Chromium for all tests of this project. Each visit has its own window, cookies and storage.
/// </summary>
public sealed class AdminStage : IAsyncLifetime
{
    private static readonly string[] Candidates =
    [
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
    ];

    private readonly string? _chromium = Candidates.FirstOrDefault(File.Exists);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public AdminServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await AdminServer.Start("--RetryInterval=300", "--RequestTimeout=10");
        if (_chromium is not null)
        {
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(
                new() { ExecutablePath = _chromium, Args = ["--no-sandbox"] });
            Assertions.SetDefaultExpectTimeout((float)Poll.Patience.TotalMilliseconds);
        }
    }

    /// <summary>Opens a page of the shared coordinator.</summary>
    /// <param name="hash">The part of the URL after #, such as /topics.</param>
    public Task<Visit> Visit(string hash = "/", BrowserNewContextOptions? options = null) =>
        VisitAt($"{Server.Url}/#{hash}", options);

    /// <summary>Opens any page.</summary>
    public async Task<Visit> VisitAt(
        string url, BrowserNewContextOptions? options = null, Func<IPage, Task>? before = null)
    {
        if (_browser is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "Chromium is not installed");
            Assert.Skip("Chromium is not installed");
        }

        var visit = new Visit(await _browser.NewContextAsync(options));
        await visit.Open(url, before);
        return visit;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
        await Server.DisposeAsync();
    }
}
