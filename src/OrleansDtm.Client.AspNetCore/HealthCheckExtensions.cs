using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansDtm.Shared;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>The coordinator in the health of an application.</summary>
public static class HealthCheckExtensions
{
    /// <summary>
    /// Adds a check that asks the coordinator for a gid with the application's own client. It fails if the coordinator
    /// is unreachable, has no database, refuses the key, or if the URL is not one of a coordinator; the description
    /// says which.
    /// </summary>
    /// <param name="builder">Of AddHealthChecks.</param>
    /// <param name="name">The name of the check. Default: dtm.</param>
    /// <param name="failureStatus">The status of a failure; null (default) = Unhealthy.</param>
    /// <param name="tags">For selecting checks, such as "ready"; null = none.</param>
    /// <param name="timeout">Null (default) = that of the client's requests.</param>
    public static IHealthChecksBuilder AddDtm(
        this IHealthChecksBuilder builder, string name = "dtm", HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddDtmClient();
        return builder.Add(CoordinatorCheck.Registration(name, failureStatus, tags, timeout));
    }
}
