using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Hosting;

/// <summary>What answers where, for the line of the start.</summary>
internal static class Places
{
    /// <param name="addresses">The addresses of the server: gRPC first, as they are opened.</param>
    /// <param name="options">The settings.</param>
    public static string Of(IReadOnlyList<string> addresses, CoordinatorOptions options)
    {
        if (addresses is not [var grpc, .., var http])
        {
            return string.Join(' ', addresses); // Another web server.
        }

        http = http.TrimEnd('/');
        var page = options.Admin.BasePath == "/" ? "/" : options.Admin.BasePath + "/";
        return $"HTTP API {http}/api/dtmsvr, gRPC {grpc}, "
            + (options.Admin.Enabled ? $"admin page {http}{page}, " : "")
            + $"metrics {http}/api/metrics";
    }
}
