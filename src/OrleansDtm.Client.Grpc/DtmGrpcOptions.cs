using Grpc.Net.Client;

namespace OrleansDtm.Client.Grpc;

/// <summary>How to reach the coordinator over gRPC.</summary>
public sealed class DtmGrpcOptions
{
    /// <summary>The coordinator's gRPC address; https:// = TLS. Default: http://localhost:36790.</summary>
    public Uri Server { get; set; } = new("http://localhost:36790");

    /// <summary>
    /// True: methods that the coordinator's gRPC API lacks are called over HTTP, at <see cref="DtmOptions.Server"/>.
    /// DTM's own servers lack query, list, force stop, retries and subscribers. False (default): no HTTP requests; a
    /// missing method is a <see cref="NotSupportedException"/>. OrleansDtm has all methods.
    /// </summary>
    public bool HttpFallback { get; set; }

    /// <summary>
    /// Adds options of the channels to the coordinator and to participants: credentials, limits. Null (default) = none.
    /// </summary>
    public Action<GrpcChannelOptions>? ConfigureChannel { get; set; }
}
