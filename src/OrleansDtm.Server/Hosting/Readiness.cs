using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Hosting;

/// <summary>Whether this process can take transactions.</summary>
internal sealed class Readiness(
    ITransactionStore store,
    IHostApplicationLifetime lifetime,
    IClusterMembershipService membership,
    ILocalSiloDetails silo,
    CoordinatorOptions options)
{
    /// <summary>Why it cannot; null = it can.</summary>
    public async Task<string?> FindProblem(CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "stopping";
        }

        // A silo that has not joined, or has been declared dead, would only get in the way of those that are at work.
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
