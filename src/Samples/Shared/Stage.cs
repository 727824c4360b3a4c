using System.Net;
using OrleansDtm.Client;

namespace OrleansDtm.Samples;

/// <summary>The environment of a sample: a directory, a coordinator in this process, services, and checks.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private readonly CancellationTokenSource _stop = new(Limit);
    private readonly List<WebApplication> _apps = [];
    private bool _right = true;

    private Stage(string directory) => Directory = directory;

    /// <summary>Deleted at the end.</summary>
    public string Directory { get; }

    /// <summary>The coordinator's URL.</summary>
    public Uri Coordinator { get; private set; } = null!;

    /// <summary>Ends a sample that hangs.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Runs a sample.</summary>
    /// <returns>The exit code: 0 only if every check succeeded.</returns>
    public static async Task<int> Run(string title, Func<Stage, Task> sample)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("orleansdtm-sample-");
        try
        {
            await using var stage = new Stage(directory.FullName);
            Console.WriteLine($"{title}\n{new string('-', title.Length)}");
            await stage.StartCoordinator();
            await sample(stage);
            Console.WriteLine(stage._right ? "\nAll is right." : "\nSomething is WRONG, see above.");
            return stage._right ? 0 : 1;
        }
        catch (Exception e)
            when (e is DtmException or TimeoutException or OperationCanceledException or System.Data.Common.DbException)
        {
            await Console.Error.WriteLineAsync($"The sample failed: {e.Message}");
            return 1;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>A service on a free loopback port.</summary>
    /// <returns>Its URL, without a slash at the end.</returns>
    public async Task<string> Service(Action<IServiceCollection> services, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddDtmClient(options => options.Server = Coordinator);
        services(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync(Stop);
        _apps.Add(app);
        return app.Urls.Single();
    }

    /// <summary>The SDK, for submitters.</summary>
    public IDtm Dtm() => _apps[^1].Services.GetRequiredService<IDtm>();

    public void Check(bool right, string what)
    {
        Console.WriteLine($"  [{(right ? "ok" : "WRONG")}] {what}");
        _right &= right;
    }

    public async ValueTask DisposeAsync()
    {
        // The services first: the coordinator waits for calls in flight.
        for (var i = _apps.Count - 1; i >= 0; i--)
        {
            await _apps[i].StopAsync();
            await _apps[i].DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task StartCoordinator()
    {
        var coordinator = Server.CoordinatorApp.Build(
        [
            "--HttpPort=0",
            "--GrpcPort=0",
            $"--Store:Path={Path.Combine(Directory, "coordinator.db")}",
            "--RetryInterval=0.2",
            "--LogLevel=error",
        ]);
        await coordinator.StartAsync(Stop);
        _apps.Add(coordinator);
        Coordinator = new Uri(coordinator.Urls.Last()); // It opens the gRPC port first.
    }
}
