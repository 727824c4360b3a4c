using Microsoft.AspNetCore.Builder;
using OrleansDtm.Server;
using OrleansDtm.Server.Security.Keys;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>A coordinator in this process on free ports, with keys of each role and tokens of its own issuer.</summary>
public class SecuredServer : IAsyncLifetime
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-security-");
    private WebApplication? _app;

    public string Read { get; } = ApiKey.New();

    public string Submit { get; } = ApiKey.New();

    public string Admin { get; } = ApiKey.New();

    public string Expired { get; } = ApiKey.New();

    /// <summary>A key with a size limit.</summary>
    public string Small { get; } = ApiKey.New();

    /// <summary>A key with a rate limit.</summary>
    public string Slow { get; } = ApiKey.New();

    /// <summary>A key with one request in flight.</summary>
    public string Narrow { get; } = ApiKey.New();

    /// <summary>A key with two unfinished transactions.</summary>
    public string Few { get; } = ApiKey.New();

    /// <summary>A key in the keys file.</summary>
    public string Filed { get; } = ApiKey.New();

    public Issuer Issuer { get; } = new();

    public Uri Url { get; private set; } = null!;

    public Uri GrpcUrl { get; private set; } = null!;

    public string StorePath => Path.Combine(_home.FullName, "dtm.db");

    public string KeysFile => Path.Combine(_home.FullName, "keys");

    protected string Home => _home.FullName;

    public IServiceProvider Services => _app!.Services;

    public static string Line(string name, string role, string key, string until = "") =>
        $"{name} {role} {ApiKey.Print(ApiKey.HashOf(key))} {until}";

    public async ValueTask InitializeAsync()
    {
        _app = CoordinatorApp.Build(
        [
            "--HttpPort=0",
            "--GrpcPort=0",
            $"--Store:Path={StorePath}",
            "--RetryInterval=0.2",
            "--LogLevel=fatal",
            .. await Settings(),
        ]);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        (GrpcUrl, Url) = (new Uri(_app.Urls.First()), new Uri(_app.Urls.Last())); // The gRPC port is opened first.
    }

    protected virtual async Task<string[]> Settings()
    {
        await File.WriteAllTextAsync(KeysFile, $"# keys of the shop\n\n{Line("filed", "submit", Filed)}\n");
        await File.WriteAllTextAsync(Path.Combine(_home.FullName, "issuer.pem"), Issuer.PublicKey);
        return
        [
            $"--Security:Keys:0={Line("reader", "read", Read)}",
            $"--Security:Keys:1={Line("shop", "submit", Submit)}",
            $"--Security:Keys:2={Line("boss", "admin", Admin, "2999-01-01")}",
            $"--Security:Keys:3={Line("former", "admin", Expired, "2020-01-01")}",
            $"--Security:Keys:4={Line("small", "submit", Small, "bytes=2048")}",
            $"--Security:Keys:5={Line("slow", "submit", Slow, "rate=3")}",
            $"--Security:Keys:6={Line("narrow", "submit", Narrow, "inflight=1")}",
            $"--Security:Keys:7={Line("few", "submit", Few, "unfinished=2")}",
            $"--Security:KeysFile={KeysFile}",
            "--Branches:Deny:0=10.66.0.0/16",
            "--Branches:Deny:1=*.denied.test",
            $"--Security:Jwt:SigningKeysFile={Path.Combine(_home.FullName, "issuer.pem")}",
            $"--Security:Jwt:Issuer={Issuer.Name}",
            $"--Security:Jwt:Audience={Issuer.Audience}",
        ];
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        Issuer.Dispose();
        _home.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same coordinator without any security settings.</summary>
public sealed class OpenServer : SecuredServer
{
    protected override Task<string[]> Settings() => Task.FromResult<string[]>([]);
}
