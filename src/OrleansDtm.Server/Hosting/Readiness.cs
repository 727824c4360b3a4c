using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>Whether this process can accept transactions.</summary>
internal sealed class Readiness(
    ITransactionStore store,
    IHostApplicationLifetime lifetime,
    IClusterMembershipService membership,
    ILocalSiloDetails silo,
    CoordinatorOptions options)
{
    /// <summary>Why it is not ready; null = it is.</summary>
    public async Task<string?> FindProblem(CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "stopping";
        }

        // A silo that has not joined, or was declared dead, must not accept requests.
        if (options.Cluster.IsShared && membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) is var status and not SiloStatus.Active)
        {
            return $"silo: {status}";
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
