using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Access;

/// <summary>The limits of each caller in this process.</summary>
internal sealed class CallerLimits : IDisposable
{
    private readonly SecurityOptions _options;
    private readonly PartitionedRateLimiter<Caller> _rates;
    private readonly ConcurrentDictionary<string, int> _inFlight = new(StringComparer.Ordinal);

    public CallerLimits(CoordinatorOptions options)
    {
        _options = options.Security;
        _rates = PartitionedRateLimiter.Create<Caller, string>(caller =>
        {
            var rate = caller.Key?.RateMax ?? _options.RequestsPerSecond;
            var name = $"{NameOf(caller)} {rate}";
            return rate == 0
                ? RateLimitPartition.GetNoLimiter(name)
                : RateLimitPartition.GetTokenBucketLimiter(name, _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = rate,
                    TokensPerPeriod = rate,
                    ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                    QueueLimit = 0,
                });
        });
    }

    /// <summary>Whether the request is allowed now; otherwise the seconds until it is.</summary>
    public bool TryTake(Caller caller, out int seconds)
    {
        using var lease = _rates.AttemptAcquire(caller);
        seconds = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
            ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds))
            : 1;
        return lease.IsAcquired;
    }

    /// <summary>Takes a place of the caller's requests in flight; <see cref="Exit"/> must follow.</summary>
    /// <returns>False = the caller has reached its maximum.</returns>
    public bool TryEnter(Caller caller)
    {
        var (name, max) = (NameOf(caller), InFlightMax(caller));
        while (max > 0)
        {
            var taken = _inFlight.GetOrAdd(name, 0);
            if (taken >= max)
            {
                return false;
            }

            if (_inFlight.TryUpdate(name, taken + 1, taken))
            {
                break;
            }
        }

        return true;
    }

    /// <summary>Returns the place of <see cref="TryEnter"/>. The caller's limit may have changed since.</summary>
    public void Exit(Caller caller)
    {
        var name = NameOf(caller);
        while (_inFlight.TryGetValue(name, out var taken))
        {
            if (taken > 1 ? _inFlight.TryUpdate(name, taken - 1, taken)
                : _inFlight.TryRemove(KeyValuePair.Create(name, taken)))
            {
                break;
            }
        }
    }

    /// <summary>The maximum number of the caller's requests in flight; 0 = unlimited.</summary>
    public int InFlightMax(Caller caller) => caller.Key?.InFlightMax ?? _options.InFlightMax;

    /// <summary>The maximum number of the caller's unfinished transactions; 0 = unlimited.</summary>
    public int UnfinishedMax(Caller caller) => caller.Key?.UnfinishedMax ?? _options.UnfinishedMax;

    /// <summary>Maximum bytes of a request body; null = the default.</summary>
    public int? BytesMax(Caller caller) =>
        caller.Key?.BytesMax ?? (_options.RequestBytesMax > 0 ? _options.RequestBytesMax : null);

    /// <summary>The rate limit of one caller.</summary>
    public bool HasRates(Caller caller) => (caller.Key?.RateMax ?? _options.RequestsPerSecond) > 0;

    public void Dispose() => _rates.Dispose();

    /// <summary>Unique among callers: a token may have the name of a key.</summary>
    private static string NameOf(Caller caller) => $"{(caller.Key is null ? "token" : "key")} {caller.Name}";
}
