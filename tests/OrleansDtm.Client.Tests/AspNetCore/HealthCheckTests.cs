using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.AspNetCore;

/// <summary>The health of an application shows whether it can use its coordinator, and if not, why.</summary>
public sealed class HealthCheckTests(RunningCoordinator coordinator, ApiKeyTests.Secured secured)
    : IClassFixture<ApiKeyTests.Secured>
{
    [Fact]
    public async Task A_coordinator_that_answers_is_healthy() =>
        Assert.Equal(HealthStatus.Healthy, (await Check(coordinator.Url)).Status);

    [Fact]
    public async Task A_coordinator_that_does_not_answer_is_unhealthy()
    {
        var entry = await Check(new Uri($"http://127.0.0.1:{FreePort.Next()}"));
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("refused", entry.Description, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_URL_of_another_server_is_unhealthy()
    {
        await using var another = await Participant.Start();
        Assert.Equal(HealthStatus.Unhealthy, (await Check(new Uri(another.Url))).Status);
    }

    [Fact]
    public async Task A_refused_key_has_the_status_that_was_asked_for()
    {
        var entry = await Check(secured.Url, HealthStatus.Degraded);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("401", entry.Description, StringComparison.Ordinal);
    }

    private static async Task<HealthReportEntry> Check(Uri server, HealthStatus? failure = null)
    {
        await using var client = Clients.Of(
            server, add: services => services.AddHealthChecks().AddDtm(failureStatus: failure));
        var report = await client.GetRequiredService<HealthCheckService>().CheckHealthAsync(
            TestContext.Current.CancellationToken);
        return report.Entries["dtm"];
    }
}
