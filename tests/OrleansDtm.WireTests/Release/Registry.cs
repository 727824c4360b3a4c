using System.Diagnostics;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Release;

/// <summary>A registry of images and charts on loopback, from Debian's package docker-registry.</summary>
internal sealed class Registry : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-registry-");
    private readonly HttpClient _http = new();
    private readonly Process _process;

    private Registry()
    {
        var file = Path.Combine(_home.FullName, "config.yml");
        Address = $"127.0.0.1:{FreePort.Next()}";
        File.WriteAllText(
            file,
            $$"""
            version: 0.1
            log: { level: error }
            storage: { filesystem: { rootdirectory: {{_home.FullName}}/data } }
            http: { addr: "{{Address}}" }
            """);
        _process = Script.Start("docker-registry", ["serve", file]);
        _process.ErrorDataReceived += static (_, _) => { };
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public string Address { get; }

    public static async Task<Registry> Start()
    {
        Script.Require("docker-registry");
        var registry = new Registry();
        await Poll.Until(
            async () =>
            {
                Assert.False(registry._process.HasExited, "docker-registry has ended");
                try
                {
                    await registry.Get("");
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Poll.Patience,
            static () => "docker-registry does not answer",
            TestContext.Current.CancellationToken);
        return registry;
    }

    /// <summary>Reads from the registry's API, such as a manifest.</summary>
    public async Task<string> Get(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{Address}/v2/{path}");
        request.Headers.TryAddWithoutValidation(
            "Accept",
            "application/vnd.docker.distribution.manifest.list.v2+json, "
                + "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json");
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _http.Dispose();
        _home.Delete(recursive: true);
    }
}
