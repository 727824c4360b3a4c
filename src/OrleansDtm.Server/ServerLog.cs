namespace OrleansDtm.Server;

internal static partial class ServerLog
{
    [LoggerMessage(100, LogLevel.Error, "{Method} {Path} failed [ODTM1006]")]
    public static partial void RequestFailed(this ILogger log, Exception exception, string method, string path);

    [LoggerMessage(
        101,
        LogLevel.Information,
        "OrleansDtm {Version} is ready after {Milliseconds} ms: {Addresses}; transactions in {Store}. Ctrl+C or "
            + "SIGTERM stops it")]
    public static partial void Ready(
        this ILogger log, string version, long milliseconds, string addresses, string store);

    [LoggerMessage(
        102, LogLevel.Information, "Stopping: no new requests; requests in flight have {Seconds} s [ODTM1007]")]
    public static partial void Draining(this ILogger log, double seconds);

    [LoggerMessage(103, LogLevel.Critical, "The silo was declared dead or failed: {Reason} [ODTM1005]")]
    public static partial void CannotGoOn(this ILogger log, Exception? exception, string reason);
}
