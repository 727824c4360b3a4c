using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Client.AspNetCore;
using Xunit;

namespace OrleansDtm.Client.Tests.Workflows;

/// <summary>
/// An application instance with workflows on a free port, which the coordinator can call to resume them.
/// </summary>
public sealed class WorkflowApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private int _resumed;

    private WorkflowApp(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public string Callback => Url + "/workflows";

    /// <summary>The number of calls of the coordinator so far.</summary>
    public int Resumed => Volatile.Read(ref _resumed);

    public IDtm Dtm => _app.Services.Dtm();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="coordinator">The coordinator's HTTP address.</param>
    /// <param name="add">Registers the workflows and other services.</param>
    /// <param name="map">Maps other endpoints.</param>
    /// <param name="callback">The callback URL of workflows that start here; null = this instance.</param>
    public static async Task<WorkflowApp> Start(
        Uri coordinator, Action<IServiceCollection> add, Action<WebApplication>? map = null, string? callback = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddDtmClient(options => options.Server = coordinator);
        add(builder.Services);
        var built = builder.Build();
        built.MapWorkflows("/workflows");
        map?.Invoke(built);
        var app = new WorkflowApp(built);
        built.Use((http, next) =>
        {
            _ = http.Request.Path == "/workflows" ? Interlocked.Increment(ref app._resumed) : 0;
            return next(http);
        });
        await built.StartAsync(Cancel);
        built.Services.GetRequiredService<IOptions<DtmOptions>>().Value.WorkflowCallback = callback ?? app.Callback;
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
