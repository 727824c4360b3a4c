namespace OrleansDtm.Benchmarks.Load;

/// <summary>The HTTP client of the floor and of the load generator: sockets without other handlers.</summary>
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
