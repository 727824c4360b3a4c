using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>grpc.health.v1 says SERVING exactly when /health/ready says ready.</summary>
internal sealed class StoreHealthCheck(ITransactionStore store, IHostApplicationLifetime lifetime) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await HealthApi.Problem(store, lifetime, cancellationToken) is { } problem
            ? HealthCheckResult.Unhealthy(problem)
            : HealthCheckResult.Healthy();
}
