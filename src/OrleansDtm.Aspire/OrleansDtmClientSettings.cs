using System.Data.Common;
using Microsoft.Extensions.Configuration;

namespace OrleansDtm.Aspire;

/// <summary>
/// The connection of an application to its coordinator. Read from <c>ConnectionStrings:name</c>, then from the section
/// <c>Aspire:OrleansDtm</c>, then from <c>Aspire:OrleansDtm:name</c>; the last one wins.
/// </summary>
public sealed class OrleansDtmClientSettings
{
    private const string Section = "Aspire:OrleansDtm";

    /// <summary>
    /// The coordinator's HTTP address. Without one it is <c>http://name</c>, which service discovery resolves.
    /// </summary>
    public Uri? Endpoint { get; set; }

    /// <summary>
    /// The coordinator's gRPC address, for <c>AddDtmGrpcClient</c> of OrleansDtm.Client.Grpc; null = not known.
    /// </summary>
    public Uri? GrpcEndpoint { get; set; }

    /// <summary>API key; null = none.</summary>
    public string? Key { get; set; }

    /// <summary>No health check. Default: false.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>No traces of the SDK. Default: false.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>No metrics of the SDK. Default: false.</summary>
    public bool DisableMetrics { get; set; }

    /// <summary>Reads the settings of a connection.</summary>
    /// <param name="configuration">Of the application.</param>
    /// <param name="connectionName">The name of the resource in the AppHost.</param>
    /// <exception cref="InvalidOperationException">The connection string has another format; the message says which.
    /// </exception>
    public static OrleansDtmClientSettings Read(IConfiguration configuration, string connectionName)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var settings = new OrleansDtmClientSettings();
        if (configuration.GetConnectionString(connectionName) is { Length: > 0 } text)
        {
            settings.ReadConnectionString(text, connectionName);
        }

        var section = configuration.GetSection(Section);
        section.Bind(settings);
        section.GetSection(connectionName).Bind(settings);
        return settings;
    }

    /// <summary><c>Endpoint=http://...;GrpcEndpoint=http://...;Key=...</c>, or only a URL.</summary>
    private void ReadConnectionString(string text, string name)
    {
        if (Url(text) is { } url)
        {
            Endpoint = url;
            return;
        }

        DbConnectionStringBuilder parts;
        try
        {
            parts = new DbConnectionStringBuilder { ConnectionString = text };
        }
        catch (ArgumentException)
        {
            throw Wrong(name); // Its message could contain the key.
        }

        Endpoint = parts.TryGetValue(nameof(Endpoint), out var http)
            ? Url((string)http) ?? throw Wrong(name)
            : throw Wrong(name);
        GrpcEndpoint = parts.TryGetValue(nameof(GrpcEndpoint), out var grpc)
            ? Url((string)grpc) ?? throw Wrong(name)
            : null;
        Key = parts.TryGetValue(nameof(Key), out var key) ? (string)key : null;
    }

    private static Uri? Url(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;

    private static InvalidOperationException Wrong(string name) => new(
        $"ConnectionStrings:{name} must be a URL, such as http://localhost:36789, or have the format "
        + "'Endpoint=http://localhost:36789;GrpcEndpoint=http://localhost:36790;Key=...'. In an Aspire application "
        + $"the AppHost sets it: WithReference(dtm), where dtm is AddOrleansDtm(\"{name}\").");
}
