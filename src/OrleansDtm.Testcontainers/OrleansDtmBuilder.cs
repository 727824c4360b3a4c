using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace OrleansDtm.Testcontainers;

/// <summary>
/// Builds a container of the coordinator. It keeps transactions in a SQLite file in the container, serves every caller
/// (it is a test), and StartAsync returns when it is ready. Settings of the server are environment variables:
/// <c>WithEnvironment("Store__Retention", "3600")</c>.
/// </summary>
public sealed class OrleansDtmBuilder
    : ContainerBuilder<OrleansDtmBuilder, OrleansDtmContainer, OrleansDtmConfiguration>
{
    /// <summary>The port of the HTTP API in the container.</summary>
    public const ushort HttpPort = 36789;

    /// <summary>The port of the gRPC API in the container.</summary>
    public const ushort GrpcPort = 36790;

    internal const string HostName = "host.docker.internal";

    /// <summary>Builds a container of an image.</summary>
    /// <param name="image">Name and tag, such as orleansdtm:0.1.0.</param>
    public OrleansDtmBuilder(string image)
        : this(new OrleansDtmConfiguration(key: null))
    {
        ArgumentException.ThrowIfNullOrEmpty(image);
        DockerResourceConfiguration = Init().WithImage(image).DockerResourceConfiguration;
    }

    private OrleansDtmBuilder(OrleansDtmConfiguration configuration)
        : base(configuration) => DockerResourceConfiguration = configuration;

    /// <inheritdoc/>
    protected override OrleansDtmConfiguration DockerResourceConfiguration { get; }

    /// <summary>Callers need an API key: <see cref="OrleansDtmContainer.Key"/>. Its role is admin.</summary>
    /// <param name="key">At least 43 printable characters without spaces.</param>
    public OrleansDtmBuilder WithKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return Merge(DockerResourceConfiguration, new OrleansDtmConfiguration(key: key))
            .WithEnvironment("Security__AllowAnonymous", "false")
            .WithEnvironment("Security__Keys__0", $"test admin plain:{key}");
    }

    /// <inheritdoc/>
    public override OrleansDtmContainer Build()
    {
        Validate();
        return new OrleansDtmContainer(DockerResourceConfiguration);
    }

    /// <inheritdoc/>
    protected override OrleansDtmBuilder Init() => base.Init()
        .WithPortBinding(HttpPort, assignRandomHostPort: true)
        .WithPortBinding(GrpcPort, assignRandomHostPort: true)
        .WithEnvironment("Security__AllowAnonymous", "true")
        .WithExtraHost(HostName, "host-gateway")
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(
            static request => request.ForPort(HttpPort).ForPath("/health/ready")));

    /// <inheritdoc/>
    protected override OrleansDtmBuilder Clone(
        IResourceConfiguration<CreateContainerParameters> resourceConfiguration) =>
        Merge(DockerResourceConfiguration, new OrleansDtmConfiguration(resourceConfiguration));

    /// <inheritdoc/>
    protected override OrleansDtmBuilder Clone(IContainerConfiguration resourceConfiguration) =>
        Merge(DockerResourceConfiguration, new OrleansDtmConfiguration(resourceConfiguration));

    /// <inheritdoc/>
    protected override OrleansDtmBuilder Merge(OrleansDtmConfiguration oldValue, OrleansDtmConfiguration newValue) =>
        new(new OrleansDtmConfiguration(oldValue, newValue));
}
