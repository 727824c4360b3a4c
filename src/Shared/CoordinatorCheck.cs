using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansDtm.Client;

namespace OrleansDtm.Shared;

/// <summary>Asks the coordinator for a gid; the description of a failure is the exception's message.</summary>
internal sealed class CoordinatorCheck(IDtm dtm) : IHealthCheck
{
    public static HealthCheckRegistration Registration(
        string name, HealthStatus? failureStatus, IEnumerable<string>? tags, TimeSpan? timeout) => new(
            name,
            static services => new CoordinatorCheck(services.GetRequiredService<IDtm>()),
            failureStatus,
            tags,
            timeout);

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await dtm.NewGidAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy();
        }
        catch (DtmException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
