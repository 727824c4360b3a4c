namespace OrleansDtm.Invokers;

/// <summary>
/// Headers that belong to one connection or frame its messages: from a submitter they would break the call, so they are
/// left out.
/// </summary>
public static class ConnectionHeaders
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    };

    public static bool Contains(string name) => Names.Contains(name);
}
