using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrleansDtm.Cli.Bench;

/// <summary>A branch service that answers 200 to every call.</summary>
internal sealed class BranchService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BranchService(WebApplication app, Uri url) => (_app, Url) = (app, url);

    /// <summary>Its URL, as the coordinator calls it.</summary>
    public Uri Url { get; }

    /// <param name="listen">Its address and port; port 0 = a free one.</param>
    /// <param name="cancel">Ends the start.</param>
    /// <exception cref="OdtmException">The address cannot be used.</exception>
    public static async Task<BranchService> Start(Uri listen, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(listen.GetLeftPart(UriPartial.Authority));
        var app = builder.Build();
        app.Run(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            return Task.CompletedTask;
        });
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e)
        {
            await app.DisposeAsync();
            throw OdtmException.Misuse($"--listen: {e.Message}");
        }

        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new BranchService(app, new UriBuilder(listen) { Port = new Uri(addresses.First()).Port }.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
