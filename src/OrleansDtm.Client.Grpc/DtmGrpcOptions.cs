using Grpc.Net.Client;

namespace OrleansDtm.Client.Grpc;

/// <summary>How to reach the coordinator over gRPC.</summary>
public sealed class DtmGrpcOptions
{
    /// <summary>The coordinator's gRPC address; https:// = TLS. Default: http://localhost:36790.</summary>
    public Uri Server { get; set; } = new("http://localhost:36790");

    /// <summary>Adds to what the channels to the coordinator and to participants are opened with: credentials, limits. Null (default) = nothing.</summary>
    public Action<GrpcChannelOptions>? ConfigureChannel { get; set; }
}
