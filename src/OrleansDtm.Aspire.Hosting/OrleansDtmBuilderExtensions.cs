using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds a coordinator of distributed transactions to an application.</summary>
public static class OrleansDtmBuilderExtensions
{
    private const string Image = "orleansdtm";
    private const string Data = "/data";

    /// <summary>Ports of the server in its container.</summary>
    private const int HttpPort = 36789;
    private const int GrpcPort = 36790;

    /// <summary>256 random bits need 43 letters and digits; the server refuses shorter keys.</summary>
    private const int KeyLength = 43;

    /// <summary>
    /// Adds the coordinator in a container. Without <see cref="WithMySql"/> or <see cref="WithPostgres"/> it keeps
    /// transactions in a SQLite file, which is lost with the container: see <see cref="WithDataVolume"/>.
    /// Settings of the server are environment variables: <c>WithEnvironment("Store__Retention", "3600")</c>. Branches
    /// may be named by resource (<c>http://bank/out</c>) if the coordinator has <c>WithReference(bank)</c>.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name of the resource and of the connection string.</param>
    /// <param name="key">An API key with the role admin, at least 43 characters. Null (default) = a generated secret
    /// parameter, name-key.</param>
    /// <param name="httpPort">The port of this machine for the HTTP API and the admin page; null (default) = any.
    /// </param>
    /// <param name="grpcPort">The port of this machine for gRPC; null (default) = any.</param>
    public static IResourceBuilder<OrleansDtmResource> AddOrleansDtm(
        this IDistributedApplicationBuilder builder, [ResourceName] string name,
        IResourceBuilder<ParameterResource>? key = null, int? httpPort = null, int? grpcPort = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var resource = builder.AddResource(new OrleansDtmResource(name, KeyOf(builder, name, key)))
            .WithImage(Image, Version)
            .WithHttpEndpoint(httpPort, HttpPort, IOrleansDtmResource.HttpEndpointName)
            .WithHttpEndpoint(grpcPort, GrpcPort, IOrleansDtmResource.GrpcEndpointName);
        return WithCommon(resource);
    }

    /// <summary>
    /// Adds the coordinator as a process of this machine, for machines without a container engine. Settings as in
    /// <see cref="AddOrleansDtm"/>; without a database the SQLite file is <c>data/orleansdtm.db</c> beside the AppHost,
    /// see <see cref="WithDataFile"/>. Not for publishing.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name of the resource and of the connection string.</param>
    /// <param name="server">The path of OrleansDtm.Server.dll, relative to the AppHost's folder.</param>
    /// <param name="key">As in <see cref="AddOrleansDtm"/>.</param>
    /// <param name="httpPort">The port of the HTTP API and the admin page; null (default) = any.</param>
    /// <param name="grpcPort">The port of gRPC; null (default) = any.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IResourceBuilder<OrleansDtmProcessResource> AddOrleansDtmProcess(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, string server,
        IResourceBuilder<ParameterResource>? key = null, int? httpPort = null, int? grpcPort = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(server);
        var path = Path.GetFullPath(server, builder.AppHostDirectory);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"There is no {path}. Publish the server: dotnet publish src/OrleansDtm.Server -o <folder>.", path);
        }

        var resource = new OrleansDtmProcessResource(name, builder.AppHostDirectory, KeyOf(builder, name, key));
        return WithCommon(builder.AddResource(resource)
            .WithArgs(path)
            .WithHttpEndpoint(httpPort, name: IOrleansDtmResource.HttpEndpointName, env: "HttpPort")
            .WithHttpEndpoint(grpcPort, name: IOrleansDtmResource.GrpcEndpointName, env: "GrpcPort")
            .ExcludeFromManifest());
    }

    /// <summary>Keeps transactions in MySQL or MariaDB, and starts after it.</summary>
    /// <param name="builder">The coordinator.</param>
    /// <param name="database">Such as <c>AddMySql("mysql").AddDatabase("dtm")</c> or <c>AddConnectionString("dtm")</c>.
    /// </param>
    public static IResourceBuilder<T> WithMySql<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithConnectionString> database)
        where T : IOrleansDtmResource => builder.WithStore("mysql", database);

    /// <summary>Keeps transactions in PostgreSQL, and starts after it.</summary>
    /// <param name="builder">The coordinator.</param>
    /// <param name="database">Such as <c>AddPostgres("postgres").AddDatabase("dtm")</c>.</param>
    public static IResourceBuilder<T> WithPostgres<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithConnectionString> database)
        where T : IOrleansDtmResource => builder.WithStore("postgres", database);

    /// <summary>Keeps the SQLite file in a volume, so that it outlives the container.</summary>
    /// <param name="builder">The coordinator.</param>
    /// <param name="name">The name of the volume; null (default) = generated from those of application and resource.
    /// </param>
    public static IResourceBuilder<OrleansDtmResource> WithDataVolume(
        this IResourceBuilder<OrleansDtmResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), Data);
    }

    /// <summary>The SQLite file of a process.</summary>
    /// <param name="builder">The coordinator.</param>
    /// <param name="path">Relative to the AppHost's folder.</param>
    public static IResourceBuilder<OrleansDtmProcessResource> WithDataFile(
        this IResourceBuilder<OrleansDtmProcessResource> builder, string path)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return builder.WithEnvironment(
            "Store__Path", Path.GetFullPath(path, builder.ApplicationBuilder.AppHostDirectory));
    }

    /// <summary>The image of the version of this package, which has the version of the server.</summary>
    private static string Version
    {
        get
        {
            var version = typeof(OrleansDtmBuilderExtensions).Assembly.GetName().Version!;
            return version.ToString(3);
        }
    }

    private static ParameterResource KeyOf(
        IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource>? key) =>
        key?.Resource ?? builder.AddParameter(
            $"{name}-key",
            new GenerateParameterDefault { MinLength = KeyLength, Special = false },
            secret: true,
            persist: true).Resource;

    private static IResourceBuilder<T> WithStore<T>(
        this IResourceBuilder<T> builder, string driver, IResourceBuilder<IResourceWithConnectionString> database)
        where T : IOrleansDtmResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(database);
        builder.WithReferenceRelationship(database.Resource);
        return builder
            .WithEnvironment("Store__Driver", driver)
            .WithEnvironment(context => context.EnvironmentVariables["Store__ConnectionString"] =
                database.Resource.ConnectionStringExpression)
            .WaitFor(database);
    }

    private static IResourceBuilder<T> WithCommon<T>(IResourceBuilder<T> builder)
        where T : IOrleansDtmResource
    {
        var key = ReferenceExpression.Create($"{builder.Resource.Name} admin plain:{builder.Resource.Key}");
        return builder
            .WithEndpoint(IOrleansDtmResource.GrpcEndpointName, static grpc => grpc.Transport = "http2")
            .WithEnvironment(context => context.EnvironmentVariables["Security__Keys__0"] = key)
            .WithHttpHealthCheck("/health/ready", endpointName: IOrleansDtmResource.HttpEndpointName)
            .WithOtlpExporter()
            .WithEnvironment("Telemetry__Logs", "true")
            .WithUrlForEndpoint(
                IOrleansDtmResource.HttpEndpointName, static url => url.DisplayText = "Admin page")
            .WithUrlForEndpoint(
                IOrleansDtmResource.HttpEndpointName,
                static _ => new ResourceUrlAnnotation { Url = "/docs", DisplayText = "API reference" })
            .WithUrlForEndpoint(
                IOrleansDtmResource.GrpcEndpointName,
                static url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);
    }
}
