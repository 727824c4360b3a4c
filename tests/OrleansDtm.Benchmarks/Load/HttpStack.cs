namespace OrleansDtm.Benchmarks.Load;

/// <summary>The HTTP client of the floor and of the load generator: sockets and nothing around them.</summary>
internal static class HttpStack
{
    public static HttpMessageInvoker Create() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
    });
}
