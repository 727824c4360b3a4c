namespace OrleansDtm.Client.Grpc;

/// <summary>The URL of a gRPC branch: [grpc[s]://]host:port/package.Service/Method.</summary>
/// <param name="Address">http(s)://host:port</param>
/// <param name="Service">With its package.</param>
/// <param name="Method">Of the service.</param>
internal sealed record GrpcUrl(string Address, string Service, string Method)
{
    /// <summary>Null when the URL is invalid.</summary>
    public static GrpcUrl? Parse(string url)
    {
        var (scheme, rest) = url.IndexOf("://", StringComparison.Ordinal) is >= 0 and var end
            ? (url[..end], url[(end + 3)..])
            : ("grpc", url);
        var address = scheme.ToLowerInvariant() switch
        {
            "grpc" => "http://",
            "grpcs" => "https://",
            _ => null,
        };
        return address is not null
            && rest.Split('/') is [{ Length: > 0 } host, { Length: > 0 } service, { Length: > 0 } method]
            ? new GrpcUrl(address + host, service, method)
            : null;
    }
}
