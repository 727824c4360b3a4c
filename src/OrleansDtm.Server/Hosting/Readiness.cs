using OrleansDtm.Grains.Calls;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>Whether this process can accept transactions.</summary>
internal sealed class Readiness(
    ITransactionStore store,
    IHostApplicationLifetime lifetime,
    IClusterMembershipService membership,
    ILocalSiloDetails silo,
    ApiKeyRing keys,
    Starvation starvation,
    CoordinatorOptions options)
{
    /// <summary>What an operator must repair although it is ready; null = nothing.</summary>
    public string? Warning => (keys.Problem, starvation.Problem) switch
    {
        (null, var problem) => problem,
        (var problem, null) => problem,
        var (one, other) => $"{one}; {other}",
    };

    /// <summary>Why it is not ready; null = it is.</summary>
    public async Task<string?> FindProblem(CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "stopping";
        }

        // A silo that has not joined, or was declared dead, must not accept requests.
        if (options.Cluster.IsShared
            && membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) is var status and not SiloStatus.Active)
        {
            return $"silo: {status}";
        }

        if (options.Security is { IsOn: true, Jwt.IsOn: false } && keys.IsEmpty)
        {
            return keys.Problem; // No caller can authenticate.
        }

        try
        {
            await store.Ping(cancellationToken);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            return $"store: {e.Message}";
        }
    }
}
