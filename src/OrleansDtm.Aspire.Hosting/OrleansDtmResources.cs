namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A coordinator. Its connection string is <c>Endpoint=http://...;GrpcEndpoint=http://...;Key=...</c>, which
/// <c>AddOrleansDtmClient</c> of the package OrleansDtm.Aspire reads.
/// </summary>
public interface IOrleansDtmResource : IResourceWithConnectionString, IResourceWithEndpoints, IResourceWithEnvironment,
    IResourceWithWaitSupport
{
    /// <summary>The name of <see cref="HttpEndpoint"/>.</summary>
    const string HttpEndpointName = "http";

    /// <summary>The name of <see cref="GrpcEndpoint"/>.</summary>
    const string GrpcEndpointName = "grpc";

    /// <summary>The HTTP API, JSON-RPC and the admin page.</summary>
    EndpointReference HttpEndpoint { get; }

    /// <summary>The gRPC API, HTTP/2 without TLS.</summary>
    EndpointReference GrpcEndpoint { get; }

    /// <summary>An API key with the role admin.</summary>
    ParameterResource Key { get; }
}

/// <summary>A coordinator in a container, made from the image.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="key">An API key with the role admin, at least 43 characters.</param>
public sealed class OrleansDtmResource(string name, ParameterResource key)
    : ContainerResource(name), IOrleansDtmResource
{
    /// <inheritdoc/>
    public EndpointReference HttpEndpoint => new(this, IOrleansDtmResource.HttpEndpointName);

    /// <inheritdoc/>
    public EndpointReference GrpcEndpoint => new(this, IOrleansDtmResource.GrpcEndpointName);

    /// <inheritdoc/>
    public ParameterResource Key => key;

    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression => CoordinatorConnection.Of(this);
}

/// <summary>A coordinator as a process of this machine, for machines without a container engine.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="folder">The folder of OrleansDtm.Server.dll.</param>
/// <param name="key">An API key with the role admin, at least 43 characters.</param>
public sealed class OrleansDtmProcessResource(string name, string folder, ParameterResource key)
    : ExecutableResource(name, "dotnet", folder), IOrleansDtmResource
{
    /// <inheritdoc/>
    public EndpointReference HttpEndpoint => new(this, IOrleansDtmResource.HttpEndpointName);

    /// <inheritdoc/>
    public EndpointReference GrpcEndpoint => new(this, IOrleansDtmResource.GrpcEndpointName);

    /// <inheritdoc/>
    public ParameterResource Key => key;

    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression => CoordinatorConnection.Of(this);
}

/// <summary>The connection string.</summary>
internal static class CoordinatorConnection
{
    public static ReferenceExpression Of(IOrleansDtmResource resource) => ReferenceExpression.Create(
        $"Endpoint={resource.HttpEndpoint.Property(EndpointProperty.Url)};GrpcEndpoint={resource.GrpcEndpoint.Property(
            EndpointProperty.Url)};Key={resource.Key}");
}
