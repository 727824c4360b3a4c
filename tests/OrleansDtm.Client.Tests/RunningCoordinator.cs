using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

[assembly: AssemblyFixture(typeof(OrleansDtm.Client.Tests.RunningCoordinator))]

namespace OrleansDtm.Client.Tests;

/// <summary>The coordinator that all tests share. Each test uses its own gids.</summary>
public sealed class RunningCoordinator() : CoordinatorProcess(("RETRY_INTERVAL", "0.2"));

/// <summary>A real coordinator in a process of its own, with SQLite.</summary>
public abstract class CoordinatorProcess(params (string Name, string Value)[] settings) : IAsyncLifetime
{
    private ServerProcess? _server;

    public Uri Url { get; private set; } = null!;

    /// <summary>The address of its gRPC API.</summary>
    public Uri GrpcUrl { get; private set; } = null!;

    /// <summary>Creates a client, registered as in an application.</summary>
    public ServiceProvider Client(Action<DtmOptions>? configure = null, Action<IServiceCollection>? add = null) =>
        Clients.Of(Url, configure, add);

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.Start(TestContext.Current.CancellationToken, settings);
        (GrpcUrl, Url) = (new Uri(_server.GrpcUrl), new Uri(_server.Url));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}

public static class Clients
{
    public static ServiceProvider Of(
        Uri coordinator, Action<DtmOptions>? configure = null, Action<IServiceCollection>? add = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddDtmClient(options =>
        {
            options.Server = coordinator;
            configure?.Invoke(options);
        });
        add?.Invoke(services);
        return services.BuildServiceProvider(validateScopes: true);
    }

    public static IDtm Dtm(this IServiceProvider client) => client.GetRequiredService<IDtm>();
}
