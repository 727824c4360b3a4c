using System.Collections.Concurrent;
using Microsoft.Playwright;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Admin.Tests;

/// <summary>
/// A browser with the page. Fails if the page throws, violates its content security policy, or requests another host.
/// </summary>
public sealed class Visit(IBrowserContext context) : IAsyncDisposable
{
    private static readonly string? ShotsFolder = Environment.GetEnvironmentVariable("ADMIN_SHOTS");

    private readonly ConcurrentQueue<string> _problems = new();
    private string _origin = "";
    private string? _issuer;

    public IPage Page { get; private set; } = null!;

    public ILocator Main => Page.Locator("main");

    public ILocator Dialog => Page.Locator("dialog");

    /// <summary>A number of the overview, by its name.</summary>
    public ILocator Tile(string name) => Page.Locator(
        ".tile", new() { Has = Page.GetByText(name, new() { Exact = true }) });

    public async Task Open(string url, Func<IPage, Task>? before)
    {
        context.SetDefaultTimeout((float)Poll.Patience.TotalMilliseconds);
        Page = await context.NewPageAsync();
        _origin = new Uri(url).GetLeftPart(UriPartial.Authority);
        Page.PageError += (_, error) => _problems.Enqueue(error);
        Page.Console += (_, message) =>
        {
            // Browsers also log expected error responses. The test itself checks those.
            if (message.Type == "error"
                && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _problems.Enqueue(message.Text);
            }
        };
        Page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(_origin + "/", StringComparison.Ordinal)
                && !(_issuer is { } issuer && request.Url.StartsWith(issuer + "/", StringComparison.Ordinal)))
            {
                _problems.Enqueue($"asked for {request.Url}");
            }
        };
        if (before is not null)
        {
            await before(Page);
        }

        await Page.GotoAsync(url);
    }

    /// <summary>The page may send the user to this origin: that of an issuer.</summary>
    public void AllowIssuer(string origin) => _issuer = origin;

    public Task Go(string hash) => Page.EvaluateAsync("hash => { location.hash = hash; }", hash);

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Saves a screenshot in the folder that ADMIN_SHOTS names; without it, does nothing.</summary>
    public async Task Shot(string name)
    {
        if (!string.IsNullOrEmpty(ShotsFolder))
        {
            await Page.ScreenshotAsync(new() { Path = Path.Combine(ShotsFolder, name + ".png"), FullPage = true });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await context.CloseAsync();
        Assert.Empty(_problems);
    }
}
