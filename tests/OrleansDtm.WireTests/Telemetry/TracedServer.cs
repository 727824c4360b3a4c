using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

/// <summary>Servers in their own processes: one exports its traces to a collector, one exports nothing.</summary>
public sealed class TracedServer : IAsyncLifetime
{
    public OtlpCollector Collector { get; private set; } = null!;

    public ServerProcess Traced { get; private set; } = null!;

    public ServerProcess Silent { get; private set; } = null!;

    /// <summary>All output of <see cref="Silent"/>.</summary>
    public Lines Log { get; } = new();

    /// <summary>The settings that make a server export at once.</summary>
    public static (string Name, string Value)[] Settings(string endpoint, string protocol) =>
    [
        ("ORLEANSDTM_Telemetry__OtlpEndpoint", endpoint),
        ("ORLEANSDTM_Telemetry__OtlpProtocol", protocol),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "300"),
        ("RETRY_INTERVAL", "0.1"),
    ];

    /// <summary>Submits as a service does that is part of a trace.</summary>
    public static async Task<int> Submit(
        ServerProcess server, JsonObject body, string? traceparent, string? tracestate = null, string api = "submit")
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Url}/api/dtmsvr/{api}");
        request.Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json"));
        if (traceparent is not null)
        {
            request.Headers.TryAddWithoutValidation("traceparent", traceparent);
        }

        if (tracestate is not null)
        {
            request.Headers.TryAddWithoutValidation("tracestate", tracestate);
        }

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)answer.StatusCode;
    }

    public async ValueTask InitializeAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        Collector = await OtlpCollector.Start();
        var traced = ServerProcess.Start(cancel, Settings(Collector.GrpcUrl, "grpc"));
        var silent = ServerProcess.Start(
            cancel, ("LOG_LEVEL", "info"), ("ORLEANSDTM_Logging__Format", "json"), ("RETRY_INTERVAL", "0.1"));
        (Traced, Silent) = (await traced, await silent);
        Silent.Wrote = Log.Add;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var started in (IAsyncDisposable?[])[Traced, Silent, Collector])
        {
            if (started is not null)
            {
                await started.DisposeAsync();
            }
        }
    }
}

/// <summary>These tests measure no time and share nothing with others, so they may run in parallel with them.</summary>
[CollectionDefinition(Name)]
public sealed class TelemetryServers : ICollectionFixture<TracedServer>
{
    public const string Name = "telemetry";
}

/// <summary>Lines of output. Thread-safe.</summary>
public sealed class Lines
{
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];

    public void Add(string line)
    {
        lock (_lock)
        {
            _lines.Add(line);
        }
    }

    public IReadOnlyList<string> All()
    {
        lock (_lock)
        {
            return [.. _lines];
        }
    }
}
