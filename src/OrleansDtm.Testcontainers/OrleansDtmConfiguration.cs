using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace OrleansDtm.Testcontainers;

/// <summary>What <see cref="OrleansDtmBuilder"/> has collected.</summary>
public sealed class OrleansDtmConfiguration : ContainerConfiguration
{
    /// <summary>Creates a configuration with a key.</summary>
    /// <param name="key">API key with the role admin; null = no key.</param>
    public OrleansDtmConfiguration(string? key) => Key = key;

    /// <summary>Takes over the common part.</summary>
    /// <param name="resourceConfiguration">Resource options.</param>
    public OrleansDtmConfiguration(IResourceConfiguration<CreateContainerParameters> resourceConfiguration)
        : base(resourceConfiguration)
    {
    }

    /// <summary>Takes over the common part.</summary>
    /// <param name="resourceConfiguration">Container options.</param>
    public OrleansDtmConfiguration(IContainerConfiguration resourceConfiguration)
        : base(resourceConfiguration)
    {
    }

    /// <summary>Merges two configurations; the newer one wins.</summary>
    /// <param name="oldValue">The older one.</param>
    /// <param name="newValue">The newer one.</param>
    public OrleansDtmConfiguration(OrleansDtmConfiguration oldValue, OrleansDtmConfiguration newValue)
        : base(oldValue, newValue)
    {
        ArgumentNullException.ThrowIfNull(oldValue);
        ArgumentNullException.ThrowIfNull(newValue);
        Key = BuildConfiguration.Combine(oldValue.Key, newValue.Key);
    }

    /// <summary>API key with the role admin; null = the coordinator serves every caller.</summary>
    public string? Key { get; }
}
