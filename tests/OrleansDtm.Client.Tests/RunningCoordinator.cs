using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Server;
using Xunit;

[assembly: AssemblyFixture(typeof(OrleansDtm.Client.Tests.RunningCoordinator))]

namespace OrleansDtm.Client.Tests;

/// <summary>The coordinator that all tests share. Each test uses its own gids.</summary>
public sealed class RunningCoordinator() : CoordinatorInProcess("--RetryInterval=0.2", "--RequestTimeout=3");

/// <summary>A real coordinator in this process, with SQLite.</summary>
public abstract class CoordinatorInProcess(params string[] settings) : IAsyncLifetime
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-client-");
    private WebApplication? _app;

    public Uri Url { get; private set; } = null!;

    /// <summary>The address of its gRPC API.</summary>
    public Uri GrpcUrl { get; private set; } = null!;

    /// <summary>Creates a client, registered as in an application.</summary>
    public ServiceProvider Client(Action<DtmOptions>? configure = null, Action<IServiceCollection>? add = null) =>
        Clients.Of(Url, configure, add);

    public async ValueTask InitializeAsync()
    {
        _app = CoordinatorApp.Build(
        [
            "--HttpPort=0",
            "--GrpcPort=0",
            $"--Store:Path={Path.Combine(_home.FullName, "dtm.db")}",
            "--LogLevel=error",
            .. settings,
        ]);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        (GrpcUrl, Url) = (new Uri(_app.Urls.First()), new Uri(_app.Urls.Last())); // The gRPC port is opened first.
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        _home.Delete(recursive: true);
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
