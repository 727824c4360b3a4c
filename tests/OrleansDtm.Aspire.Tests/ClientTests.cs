using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using OrleansDtm.Client;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Aspire.Tests;

/// <summary>AddOrleansDtmClient with a real coordinator.</summary>
public sealed class ClientTests : IAsyncLifetime
{
    private static readonly string Key = new('k', 43);

    private ServerProcess _coordinator = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _coordinator = await ServerProcess.Start(
        Cancel, ("Security__Keys__0", $"shop admin plain:{Key}"));

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    private static async Task<IHost> Start(Action<HostApplicationBuilder> more, params string[] settings)
    {
        var builder = Host.CreateApplicationBuilder(["--Logging:LogLevel:Default=Warning", .. settings]);
        builder.AddOrleansDtmClient("dtm");
        more(builder);
        var host = builder.Build();
        await host.StartAsync(Cancel);
        return host;
    }

    private static Task<HealthReport> Health(IHost host) =>
        host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancel);

    [Fact]
    public async Task The_connection_string_has_the_address_and_the_key()
    {
        using var host = await Start(
            static _ => { }, $"--ConnectionStrings:dtm=Endpoint={_coordinator.Url};GrpcEndpoint=http://x;Key={Key}");

        var result = await host.Services.GetRequiredService<IDtm>().Saga().Step("", "", "").SubmitAndWaitAsync(
            TimeSpan.FromMinutes(1), Cancel);

        Assert.True(result.Succeeded);
        Assert.Equal(HealthStatus.Healthy, (await Health(host)).Entries["dtm"].Status);
    }

    [Fact]
    public async Task Without_a_connection_string_the_name_is_that_of_a_service()
    {
        using var host = await Start(
            static _ => { }, $"--services:dtm:http:0={_coordinator.Url}", $"--Aspire:OrleansDtm:dtm:Key={Key}");

        Assert.NotEmpty(await host.Services.GetRequiredService<IDtm>().NewGidAsync(Cancel));
    }

    [Fact]
    public async Task A_wrong_key_makes_the_application_unhealthy_and_says_why()
    {
        using var host = await Start(
            static _ => { }, $"--ConnectionStrings:dtm=Endpoint={_coordinator.Url};Key={new string('x', 43)}");

        var entry = (await Health(host)).Entries["dtm"];
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("401", entry.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=localhost")]
    [InlineData("Endpoint=localhost:36789")]
    [InlineData("=;")]
    public async Task A_wrong_connection_string_is_one_clear_exception_without_its_text(string text)
    {
        var wrong = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Start(static _ => { }, $"--ConnectionStrings:dtm={text};Key=secret"));

        Assert.Contains("ConnectionStrings:dtm must be a URL", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_traced_and_measured()
    {
        var (spans, metrics) = (new List<Activity>(), new List<Metric>());
        using var host = await Start(
            builder => builder.Services.AddOpenTelemetry()
                .WithTracing(traces => traces.AddInMemoryExporter(spans))
                .WithMetrics(meters => meters.AddInMemoryExporter(metrics)),
            $"--ConnectionStrings:dtm=Endpoint={_coordinator.Url};Key={Key}");
        var dtm = host.Services.GetRequiredService<IDtm>();

        var result = await dtm.Saga().Step("", "", "").SubmitAsync(Cancel);
        await Assert.ThrowsAsync<DtmNotFoundException>(() => dtm.ForceStopAsync("nobody", Cancel));

        host.Services.GetRequiredService<MeterProvider>().ForceFlush();
        var submit = Assert.Single(spans, static span => span.DisplayName == "dtm submit");
        Assert.Equal((result.Gid, "saga"), (submit.GetTagItem("orleansdtm.gid"), submit.GetTagItem("orleansdtm.type")));
        var stop = Assert.Single(spans, static span => span.DisplayName == "dtm force_stop");
        Assert.Equal(ActivityStatusCode.Error, stop.Status);
        Assert.Contains(metrics, static metric => metric.Name == "orleansdtm.client.request.duration");
    }

    [Fact]
    public async Task What_is_not_wanted_is_left_out()
    {
        var builder = Host.CreateApplicationBuilder([$"--ConnectionStrings:dtm={_coordinator.Url}"]);
        builder.AddOrleansDtmClient(
            "dtm",
            static settings =>
            {
                (settings.DisableHealthChecks, settings.DisableTracing, settings.DisableMetrics) = (true, true, true);
                settings.Key = Key;
            });
        using var host = builder.Build();

        Assert.NotEmpty(await host.Services.GetRequiredService<IDtm>().NewGidAsync(Cancel));
        Assert.Null(host.Services.GetService<HealthCheckService>());
        Assert.Null(host.Services.GetService<TracerProvider>());
    }
}
