using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime.GrainDirectory;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// The silo's cache of grain addresses, which computes the address of every transaction. Messages to transactions are
/// addressed at once and need no placement worker. For grains in other directories it uses the inner cache.
/// </summary>
/// <param name="owners">Computes the silo of a transaction.</param>
/// <param name="others">The cache for all other grains; disposed with this.</param>
internal sealed class TransactionAddresses(TransactionOwners owners, IGrainDirectoryCache others)
    : IGrainDirectoryCache, IAsyncDisposable
{
    public IEnumerable<(GrainAddress ActivationAddress, int Version)> KeyValues => others.KeyValues;

    public bool LookUp(GrainId key, [NotNullWhen(true)] out GrainAddress? result, out int version)
    {
        if (!IsTransaction(key))
        {
            return others.LookUp(key, out result, out version);
        }

        result = new GrainAddress { GrainId = key, SiloAddress = owners.Of(key) };
        version = 0;
        return true;
    }

    public void AddOrUpdate(GrainAddress value, int version)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (!IsTransaction(value.GrainId))
        {
            others.AddOrUpdate(value, version);
        }
    }

    public bool Remove(GrainId key) => !IsTransaction(key) && others.Remove(key);

    public bool Remove(GrainAddress key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return !IsTransaction(key.GrainId) && others.Remove(key);
    }

    public void Clear() => others.Clear();

    public async ValueTask DisposeAsync()
    {
        switch (others)
        {
            case IAsyncDisposable later:
                await later.DisposeAsync();
                break;
            case IDisposable now:
                now.Dispose();
                break;
        }
    }

    private bool IsTransaction(GrainId grain) => grain.Type.Equals(owners.Type);
}
