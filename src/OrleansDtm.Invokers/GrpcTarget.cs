namespace OrleansDtm.Invokers;

/// <summary>
/// The parts of a gRPC branch URL: <c>[grpc[s]://|dns:///]host[:port][,host[:port]...]/package.Service/Method</c>, or
/// <c>discovery:///name/package.Service/Method</c>.
/// </summary>
/// <param name="Hosts">One or more; calls are balanced over several.</param>
/// <param name="Tls">TLS, with verification of the service's certificate.</param>
/// <param name="Dns">Balances calls over all addresses of the host's name.</param>
internal sealed record GrpcTarget(string Hosts, bool Tls, bool Dns, string Service, string Method)
{
    /// <summary>The host is always a service name.</summary>
    public bool Named { get; init; }

    /// <summary>Targets with the same key share a channel.</summary>
    public string Channel => $"{(Tls ? "tls" : Dns ? "dns" : Named ? "name" : "tcp")}:{Hosts}";

    /// <summary>Null when the URL is invalid.</summary>
    public static GrpcTarget? Parse(string url)
    {
        if (ServiceUrl.Is(url))
        {
            return ServiceUrl.IsGrpc(url)
                && ServiceUrl.TryRead(url, out var name, out var path)
                && path[1..].ToString().Split('/') is [var type, var call]
                ? new GrpcTarget(name.ToString().ToLowerInvariant(), false, false, type, call) { Named = true }
                : null;
        }

        var (tls, dns, rest) = (false, false, url);
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            rest = url[(scheme + 3)..].TrimStart('/');
            switch (url[..scheme].ToLowerInvariant())
            {
                case "grpc":
                    break;
                case "grpcs":
                    tls = true;
                    break;
                case "dns":
                    dns = true;
                    break;
                default:
                    return null;
            }
        }

        return rest.Split('/') is [{ Length: > 0 } hosts, { Length: > 0 } service, { Length: > 0 } method]
            ? new GrpcTarget(hosts.ToLowerInvariant(), tls, dns, service, method)
            : null;
    }
}
