using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Metrics;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Tls;
using OrleansDtm.Server.Telemetry;

namespace OrleansDtm.Server.Hosting;

/// <summary>The gRPC port, with HTTP/2 only.</summary>
internal static class GrpcHosting
{
    /// <summary>Bytes before each message: a flag and the length.</summary>
    public const int MessagePrefixBytes = 5;

    private const string GrpcStatus = "grpc-status";

    private static readonly object OnGrpcPort = new();

    public static void AddGrpcApi(this WebApplicationBuilder builder, CoordinatorOptions options)
    {
        builder.Services
            .AddGrpc(grpc => grpc.MaxReceiveMessageSize = options.Limits.RequestBytesMax)
            .AddServiceOptions<GrpcApi>(static service => AddInterceptors(service.Interceptors))
            .AddServiceOptions<CoordinatorApi>(static service => AddInterceptors(service.Interceptors));
        builder.Services.AddSingleton<GrpcApi>();
        builder.Services.AddSingleton<CoordinatorApi>();
        builder.Services.AddGrpcReflection();
        builder.Services
            .AddGrpcHealthChecks(static health =>
            {
                health.Services.Map("dtmgimp.Dtm", static _ => true);
                health.Services.Map("orleansdtm.Coordinator", static _ => true);
            })
            .AddCheck<ReadinessCheck>("ready");

        // It logs each malformed message as an error with a stack trace; clients could fill the log.
        builder.Logging.AddFilter("Grpc.AspNetCore.Server", LogLevel.Critical);
    }

    /// <summary>
    /// Limits of one connection. Kestrel closes it on a malformed frame and on a flood of resets, pings or settings.
    /// </summary>
    public static void LimitHttp2(this KestrelServerOptions kestrel, CoordinatorOptions options)
    {
        var http2 = kestrel.Limits.Http2;
        http2.MaxStreamsPerConnection = options.Grpc.StreamsPerConnectionMax;
        http2.MaxRequestHeaderFieldSize = 16 * 1024;
        http2.HeaderTableSize = 4096;

        // Calls of a client that disappeared end after this time.
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    /// <summary>Makes an endpoint the gRPC one.</summary>
    /// <exception cref="SettingsException">The certificate is invalid.</exception>
    public static Action<ListenOptions> Endpoint(CoordinatorOptions options)
    {
        var tls = PortTls.OfGrpc(options);
        return listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(next => connection =>
            {
                connection.Items[OnGrpcPort] = null;
                return next(connection);
            });
            tls?.Use(listen);
        };
    }

    /// <summary>
    /// The port serves gRPC only: opening it must not open the HTTP API or the page. Runs after routing, so the
    /// selected endpoint decides, not the request's headers.
    /// </summary>
    public static void UseGrpcPort(this WebApplication app) => app.Use(static (context, next) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(OnGrpcPort) != true ? next(context)
        : AccessAnswers.IsGrpcMethod(context) ? AnswerUnreadable(context, next)
        : IsGrpcCall(context.Request) ? AnswerUnknown(context)
        : AnswerOthers(context));

    private static bool IsGrpcCall(HttpRequest request) =>
        HttpMethods.IsPost(request.Method)
        && request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    private static Task AnswerUnknown(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers[GrpcStatus] = Number(StatusCode.Unimplemented);
        context.Response.Headers["grpc-message"] = UnknownOperation.Text(context).Replace(
            "%", "%25", StringComparison.Ordinal);
        return Task.CompletedTask;
    }

    private static Task AnswerOthers(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        return context.Response.WriteAsync("this port speaks gRPC; the HTTP API has another", context.RequestAborted);
    }

    public static void MapGrpcApi(this IEndpointRouteBuilder routes)
    {
        routes.MapGrpcService<GrpcApi>().Add(static endpoint => RolePolicies.Set(endpoint, RoleOf(endpoint)));
        routes.MapGrpcService<CoordinatorApi>().Add(static endpoint => RolePolicies.Set(endpoint, RoleOf(endpoint)));
        routes.MapGrpcReflectionService().RequireRole(RoleNames.Read);
        routes.MapGrpcHealthChecksService().OpenToAll();
    }

    private static void AddInterceptors(InterceptorCollection interceptors)
    {
        interceptors.Add<GrpcMetrics>();
        interceptors.Add<GrpcTracing>();
        interceptors.Add<GrpcErrors>();
    }

    /// <summary>
    /// Roles of both services: the same name needs the same role. A name that is not listed needs the highest role.
    /// </summary>
    private static string RoleOf(EndpointBuilder endpoint) =>
        endpoint.Metadata.OfType<GrpcMethodMetadata>().SingleOrDefault()?.Method.Name switch
        {
            nameof(GrpcApi.NewGid) or nameof(CoordinatorApi.Query) or nameof(CoordinatorApi.List)
                or nameof(CoordinatorApi.Wait) or nameof(CoordinatorApi.Subscribers)
                or nameof(CoordinatorApi.GetBatch) or nameof(CoordinatorApi.ListBatches) => RoleNames.Read,
            nameof(GrpcApi.Prepare) or nameof(GrpcApi.Submit) or nameof(GrpcApi.Abort) or nameof(GrpcApi.RegisterBranch)
                or nameof(GrpcApi.PrepareWorkflow) => RoleNames.Submit,
            _ => RoleNames.Admin,
        };

    /// <summary>
    /// A message that is not protobuf never reaches a method, and the library answers Unknown, which clients retry.
    /// Exceptions of our methods have another status by then.
    /// </summary>
    private static async Task AnswerUnreadable(HttpContext context, RequestDelegate next)
    {
        await next(context);
        var headers = context.Response.Headers;
        if (!context.Response.HasStarted && headers[GrpcStatus] == Number(StatusCode.Unknown))
        {
            headers[GrpcStatus] = Number(StatusCode.InvalidArgument);
            headers["grpc-message"] = "the message is not the protobuf of this method";
        }
        else if (!context.Response.HasStarted && headers[GrpcStatus] == Number(StatusCode.ResourceExhausted)
            && headers.RetryAfter.Count == 0)
        {
            // Larger than Limits:RequestBytesMax, according to the library. Only an exceeded rate may be retried.
            headers[AnswerMetadata.Outcome] = AnswerOutcomes.Invalid;
        }
    }

    private static string Number(StatusCode status) => ((int)status).ToString(CultureInfo.InvariantCulture);
}
