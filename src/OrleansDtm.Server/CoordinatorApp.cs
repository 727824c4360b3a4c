using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Running;
using OrleansDtm.Server.Admin;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Server.Metrics;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Tls;
using OrleansDtm.Server.Services;
using OrleansDtm.Server.Telemetry;

namespace OrleansDtm.Server;

/// <summary>The coordinator as one application: store, silo, APIs. Composition only.</summary>
public static class CoordinatorApp
{
    /// <summary>Builds the application; the caller starts it.</summary>
    /// <param name="args">Settings as on the command line, e.g. <c>--HttpPort=0</c>.</param>
    /// <exception cref="SettingsException">The configuration is invalid.</exception>
    public static WebApplication Build(string[] args) => Build(SettingsLoader.Load(args));

    /// <summary>Builds the application from settings in code; files and environment are not read.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="customize">Runs last: registers other implementations, such as a store, a web server or the
    /// <c>InvokerOptions</c> of branch calls, and configures the silo. Null (default) = nothing.</param>
    /// <exception cref="SettingsException">The configuration is invalid.</exception>
    public static WebApplication Build(CoordinatorOptions options, Action<WebApplicationBuilder>? customize = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var started = Stopwatch.GetTimestamp();
        SecuritySettings.CheckBind(options);
        var grpc = GrpcHosting.Endpoint(options);
        var http = PortTls.OfHttp(options);
        var cluster = ClusterTls.Of(options.Cluster.Tls);
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        AddLogging(builder, options);
        builder.Services.AddRouting();
        builder.AddGrpcApi(options);
        builder.WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel => Listen(kestrel, options, grpc, listen => http?.Use(listen)))

            // Sockets complete on pool threads and may run requests inline: no request blocks a thread.
            .UseSockets(static sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.Configure<HostOptions>(
            host => host.ShutdownTimeout = options.DrainTimeout + TimeSpan.FromSeconds(10));
        builder.Services.AddSingleton<DrainLimit>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton(options);

        // One clock for all: the process that wrote a due time and the one that reads it must agree.
        builder.Services.AddSingleton(
            static services => services.GetRequiredService<IOptions<DtmGrainOptions>>().Value.Clock);
        builder.Services.AddSingleton<JsonRpcAdditions>();
        builder.Services.AddSingleton<JsonRpcApi>();
        builder.Services.AddSingleton<ListingGate>();
        builder.Services.AddSingleton<EventStreams>();
        var bytesMax = options.Limits.RequestBytesMax;
        builder.Services.AddSingleton(services => new LargeBodies(
            LargeBodies.PlacesFor(MemoryShare.Available, bytesMax),
            bytesMax,
            services.GetRequiredService<TimeProvider>()));
        builder.AddServiceNames(options);
        builder.Services.AddCoordinatorMetrics();
        builder.Services.AddTransactionStore(options);
        builder.Services.AddSecurity(options, options.Admin.BasePath); // Reads the store when it starts.
        builder.AddCoordinatorSilo(options, cluster);
        builder.AddCoordinatorTelemetry(options.Telemetry);
        builder.Services.AddAdminPage(options);
        builder.Services.AddApiDocument();
        customize?.Invoke(builder);

        var app = builder.Build();
        app.UseMiddleware<HttpMetrics>();
        app.UseMiddleware<HttpTracing>();
        app.UseMiddleware<ErrorAnswers>();
        app.UseDrainLimit();
        app.UseRouting();
        app.UseGrpcPort();
        app.UseSecurity(options);
        app.MapHttpApi();
        app.MapGrpcApi();
        app.MapPost(JsonRpcApi.Path, app.Services.GetRequiredService<JsonRpcApi>().Handle)
            .RequireRole(RoleNames.Read) // The method decides whether a higher role is needed.
            .Describe(JsonRpcDocs.Call);
        app.MapCoordinatorMetrics();
        app.MapHealthApi();
        app.MapApiDocument();
        app.MapAdminPage(options);
        app.MapFallback(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync(
                context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
                    ? UnknownOperation.Text(context)
                    : "404 page not found",
                context.RequestAborted);
        }).OpenToAll().LeaveUndescribed("Answers every other path.");
        SayWhenReady(app, options, started);
        return app;
    }

    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    private static readonly string?[] GrainServices =
        ["OrleansDtm.Grains.Activity.ActivityService", "OrleansDtm.Grains.Watching.WatchService"];

    private static void AddLogging(WebApplicationBuilder builder, CoordinatorOptions options)
    {
        builder.Logging.SetMinimumLevel(options.LogLevel);

        // The frameworks' Information logs are of no use to operators; their warnings are.
        builder.Logging.AddFilter((category, level) =>
            level >= options.LogLevel

            // It reports a stall when a busy machine starts the silo slowly.
            && category != "Orleans.Runtime.Watchdog"

            // It logs nothing at Warning or above, but while it is enabled it creates an activity and a scope for each
            // request.
            && category != "Microsoft.AspNetCore.Hosting.Diagnostics"

            // An exception for each refused connection; ClusterTls reports refusals once a minute.
            && (options.LogLevel <= LogLevel.Debug
                || category?.StartsWith("Orleans.Connections.Security", StringComparison.Ordinal) != true)

            // The program says in one line why it cannot start, with what to do. A background service that fails is
            // logged once more as critical.
            && (options.LogLevel <= LogLevel.Debug || category != HostCategory || level != LogLevel.Error)

            // Orleans logs the start of a grain service under the service's name.
            && (level >= LogLevel.Warning || !GrainServices.Contains(category))

            // It warns that keys in the store are not encrypted: see Security:SessionKeys.
            && (category != "Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager"
                || level >= LogLevel.Error)
            && (level >= LogLevel.Warning || category?.StartsWith("OrleansDtm", StringComparison.Ordinal) == true));
        builder.Logging.AddCoordinatorConsole(options.Telemetry);
    }

    private static void Listen(
        KestrelServerOptions kestrel, CoordinatorOptions options, Action<ListenOptions> grpc,
        Action<ListenOptions> http)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.Limits.RequestBytesMax + GrpcHosting.MessagePrefixBytes;
        kestrel.LimitHttp2(options);

        // In this order: a client that finds the HTTP port ready may use the other port.
        Listen(kestrel, options.Bind, options.GrpcPort, grpc);
        Listen(kestrel, options.Bind, options.HttpPort, http);
    }

    private static void Listen(KestrelServerOptions kestrel, string bind, int port, Action<ListenOptions> configure)
    {
        switch (bind)
        {
            case "localhost" when port != 0:
                kestrel.ListenLocalhost(port, configure);
                break;
            case "localhost":
                kestrel.Listen(IPAddress.Loopback, 0, configure);
                break;
            case "*":
                kestrel.ListenAnyIP(port, configure);
                break;
            default:
                kestrel.Listen(
                    IPAddress.TryParse(bind, out var address)
                        ? address
                        : throw new SettingsException([$"Bind: '{bind}' is not localhost, * or an IP address."]),
                    port,
                    configure);
                break;
        }
    }

    private static void SayWhenReady(WebApplication app, CoordinatorOptions options, long started)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses =
                app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
            app.Logger.Ready(
                HttpApi.Version,
                (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds,
                Places.Of([.. addresses], options),
                StoreFactory.Describe(options.Store));
        });
        app.Lifetime.ApplicationStopping.Register(() => app.Logger.Draining(options.DrainTimeout.TotalSeconds));
    }
}
