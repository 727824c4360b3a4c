using Grpc.Net.Client;

namespace OrleansDtm.Client.Grpc;

/// <summary>How to reach the coordinator over gRPC.</summary>
public sealed class DtmGrpcOptions
{
    /// <summary>The coordinator's gRPC address; https:// = TLS. Default: http://localhost:36790.</summary>
    public Uri Server { get; set; } = new("http://localhost:36790");

    /// <summary>
    /// True: what the coordinator's gRPC API lacks is asked over HTTP, at <see cref="DtmOptions.Server"/>. DTM's own
    /// servers lack query, list, force stop, retries and subscribers. False (default): nothing is asked over HTTP; what
    /// is lacking is a <see cref="NotSupportedException"/>. OrleansDtm lacks nothing.
    /// </summary>
    public bool HttpFallback { get; set; }

    /// <summary>Adds to what the channels to the coordinator and to participants are opened with: credentials, limits. Null (default) = nothing.</summary>
    public Action<GrpcChannelOptions>? ConfigureChannel { get; set; }
}
