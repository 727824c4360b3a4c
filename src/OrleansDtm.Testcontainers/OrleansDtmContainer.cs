using System.Globalization;
using DotNet.Testcontainers.Containers;

namespace OrleansDtm.Testcontainers;

/// <summary>A coordinator in a container. Its addresses are known after StartAsync.</summary>
/// <param name="configuration">Made by <see cref="OrleansDtmBuilder"/>.</param>
public sealed class OrleansDtmContainer(OrleansDtmConfiguration configuration) : DockerContainer(configuration)
{
    private readonly OrleansDtmConfiguration _configuration = configuration;

    /// <summary>The HTTP API, for <c>DtmOptions.Server</c>; the admin page is there too.</summary>
    /// <exception cref="InvalidOperationException">The container does not run.</exception>
    public Uri HttpEndpoint => Address(OrleansDtmBuilder.HttpPort);

    /// <summary>The gRPC API, for <c>DtmGrpcOptions.Server</c>.</summary>
    /// <exception cref="InvalidOperationException">The container does not run.</exception>
    public Uri GrpcEndpoint => Address(OrleansDtmBuilder.GrpcPort);

    /// <summary>
    /// The URL under which the coordinator reaches a service of this machine: for branches of an application that the
    /// test runs. The service must listen on all addresses, not only on localhost.
    /// </summary>
    /// <param name="port">The service's port.</param>
    public static Uri HostUrl(int port) =>
        new(string.Create(CultureInfo.InvariantCulture, $"http://{OrleansDtmBuilder.HostName}:{port}"));

    /// <summary>API key with the role admin; null = the coordinator serves every caller.</summary>
    public string? Key => _configuration.Key;

    private Uri Address(ushort port) => new UriBuilder(
        Uri.UriSchemeHttp, Hostname, GetMappedPublicPort(port)).Uri;
}
