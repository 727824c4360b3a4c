using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrleansDtm.Server.Hosting;

/// <summary>grpc.health.v1 answers SERVING if and only if /health/ready succeeds.</summary>
internal sealed class ReadinessCheck(Readiness readiness) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await readiness.FindProblem(cancellationToken) is { } problem
            ? HealthCheckResult.Unhealthy(problem)
            : HealthCheckResult.Healthy();
}
