using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.GrainDirectory;

namespace OrleansDtm.Grains.Transaction;

/// <summary>
/// The silo's cache of grain addresses, which knows every transaction's without having been told. A message is addressed at once where
/// this answers; otherwise it waits for a placement worker. For grains in other directories it is the cache Orleans would have used.
/// </summary>
internal sealed class TransactionAddresses(TransactionOwners owners, IServiceProvider services, IOptions<GrainDirectoryOptions> options)
    : IGrainDirectoryCache, IAsyncDisposable
{
    private readonly IGrainDirectoryCache _others = GrainDirectoryCacheFactory.CreateGrainDirectoryCache(
        services,
        new GrainDirectoryOptions { CacheSize = options.Value.CacheSize, MaximumCacheTTL = options.Value.MaximumCacheTTL });

    public IEnumerable<(GrainAddress ActivationAddress, int Version)> KeyValues => _others.KeyValues;

    public bool LookUp(GrainId key, [NotNullWhen(true)] out GrainAddress? result, out int version)
    {
        if (!IsTransaction(key))
        {
            return _others.LookUp(key, out result, out version);
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
            _others.AddOrUpdate(value, version);
        }
    }

    public bool Remove(GrainId key) => !IsTransaction(key) && _others.Remove(key);

    public bool Remove(GrainAddress key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return !IsTransaction(key.GrainId) && _others.Remove(key);
    }

    public void Clear() => _others.Clear();

    public async ValueTask DisposeAsync()
    {
        switch (_others)
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
