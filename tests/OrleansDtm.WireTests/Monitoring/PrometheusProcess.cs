using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Monitoring;

/// <summary>Prometheus from Debian's package, with a configuration of the repository.</summary>
internal sealed class PrometheusProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-prometheus-");
    private readonly HttpClient _http;
    private readonly Process _process;
    private readonly Task<string> _log;

    private PrometheusProcess(string configuration, string rules)
    {
        var (file, port) = (Path.Combine(_home.FullName, "prometheus.yml"), FreePort.Next());
        File.WriteAllText(Path.Combine(_home.FullName, "rules.yml"), rules);
        File.WriteAllText(file, $"{configuration}\nrule_files: [rules.yml]\n");
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        _process = Script.Start(
            "prometheus",
            [
                $"--config.file={file}", $"--storage.tsdb.path={Path.Combine(_home.FullName, "data")}",
                $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
            ]);
        _log = _process.StandardError.ReadToEndAsync(CancellationToken.None);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<PrometheusProcess> Start(string configuration, string rules)
    {
        Script.Require("prometheus");
        var prometheus = new PrometheusProcess(configuration, rules);
        await Poll.Until(
            async () =>
            {
                Assert.False(prometheus._process.HasExited, "prometheus has ended");
                try
                {
                    using var answer = await prometheus._http.GetAsync(new Uri("-/ready", UriKind.Relative), Cancel);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Poll.Patience,
            static () => "prometheus is not ready",
            Cancel);
        return prometheus;
    }

    /// <summary>Evaluates an expression now.</summary>
    /// <returns>The number of series.</returns>
    public async Task<int> Series(string expression)
    {
        var answer = await Get($"api/v1/query?query={Uri.EscapeDataString(expression)}");
        Assert.True(answer.GetProperty("status").GetString() == "success", $"{expression}: {answer}");
        return answer.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    public async Task<JsonElement> Get(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), Cancel);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        await _log;
        _process.Dispose();
        _http.Dispose();
        _home.Delete(recursive: true);
    }
}
