using System.Threading.RateLimiting;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Rate and size limits of each caller.</summary>
internal sealed class CallerLimits : IDisposable
{
    private readonly SecurityOptions _options;
    private readonly PartitionedRateLimiter<Caller> _rates;

    public CallerLimits(CoordinatorOptions options)
    {
        _options = options.Security;
        _rates = PartitionedRateLimiter.Create<Caller, string>(caller =>
        {
            var rate = caller.Key?.RateMax ?? _options.RequestsPerSecond;
            var name = $"{(caller.Key is null ? "token" : "key")} {caller.Name} {rate}";
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

    /// <summary>Maximum bytes of a request body; null = the default.</summary>
    public int? BytesMax(Caller caller) =>
        caller.Key?.BytesMax ?? (_options.RequestBytesMax > 0 ? _options.RequestBytesMax : null);

    /// <summary>The rate limit of one caller.</summary>
    public bool HasRates(Caller caller) => (caller.Key?.RateMax ?? _options.RequestsPerSecond) > 0;

    public void Dispose() => _rates.Dispose();
}
