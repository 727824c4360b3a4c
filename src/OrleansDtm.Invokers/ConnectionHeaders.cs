namespace OrleansDtm.Invokers;

/// <summary>
/// Headers of a connection or of message framing. They would break the call, so they are left out of branch_headers.
/// </summary>
public static class ConnectionHeaders
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    };

    public static bool Contains(string name) => Names.Contains(name);
}
