using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Server.Metrics;
using OrleansDtm.Server.Service;

namespace OrleansDtm.Server;

/// <summary>The coordinator as one application: store, silo, APIs. Composition only.</summary>
public static class CoordinatorApp
{
    /// <summary>Builds it; the caller starts it.</summary>
    /// <param name="args">Settings as on the command line, e.g. <c>--HttpPort=0</c>.</param>
    /// <exception cref="SettingsException">The configuration cannot be used.</exception>
    public static WebApplication Build(string[] args)
    {
        var started = Stopwatch.GetTimestamp();
        var options = SettingsLoader.Load(args);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        AddLogging(builder, options);
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<RequestValidator>();
        builder.Services.AddSingleton<TopicService>();
        builder.Services.AddSingleton<TransactionService>();
        builder.Services.AddSingleton<JsonRpcApi>();
        builder.Services.AddCoordinatorMetrics();
        builder.Services.AddTransactionStore(options);
        builder.AddCoordinatorSilo(options);

        var app = builder.Build();
        app.UseMiddleware<HttpMetrics>();
        app.UseMiddleware<ErrorAnswers>();
        app.UseRouting();
        app.MapHttpApi();
        app.MapPost(JsonRpcApi.Path, app.Services.GetRequiredService<JsonRpcApi>().Handle);
        app.MapCoordinatorMetrics();
        app.MapHealthApi();
        app.MapFallback(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("404 page not found", context.RequestAborted);
        });
        SayWhenReady(app, options, started);
        return app;
    }

    private static void AddLogging(WebApplicationBuilder builder, CoordinatorOptions options)
    {
        builder.Logging.SetMinimumLevel(options.LogLevel);

        // The frameworks tell at Information what only they need; their warnings are ours too.
        builder.Logging.AddFilter((category, level) =>
            level >= options.LogLevel

            // It takes the machine's uptime for a stall when a busy machine starts the silo slowly.
            && category != "Orleans.Runtime.Watchdog"
            && (level >= LogLevel.Warning || category?.StartsWith("OrleansDtm", StringComparison.Ordinal) == true));
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
    }

    private static void Listen(KestrelServerOptions kestrel, CoordinatorOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.Limits.RequestBytesMax;
        switch (options.Bind)
        {
            case "localhost" when options.HttpPort != 0:
                kestrel.ListenLocalhost(options.HttpPort);
                break;
            case "localhost":
                kestrel.Listen(IPAddress.Loopback, 0);
                break;
            case "*":
                kestrel.ListenAnyIP(options.HttpPort);
                break;
            default:
                kestrel.Listen(
                    IPAddress.TryParse(options.Bind, out var address)
                        ? address
                        : throw new SettingsException([$"Bind: '{options.Bind}' is not localhost, * or an IP address."]),
                    options.HttpPort);
                break;
        }
    }

    private static void SayWhenReady(WebApplication app, CoordinatorOptions options, long started)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
            app.Logger.Ready(
                HttpApi.Version,
                string.Join(' ', addresses),
                Path.GetFullPath(options.Store.Path),
                (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        });
        app.Lifetime.ApplicationStopping.Register(() => app.Logger.Draining(options.DrainTimeout.TotalSeconds));
    }
}
