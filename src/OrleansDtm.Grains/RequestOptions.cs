using OrleansDtm.Invokers;

namespace OrleansDtm.Grains;

/// <summary>
/// Defaults and bounds of requests, the same for every API. What has too many parts or bytes is refused and not stored; a number that is
/// too large counts as the largest.
/// </summary>
public sealed class RequestOptions
{
    /// <summary>Age at which a prepared transaction is queried (msg) or turned back (tcc, xa). Default 35 s.</summary>
    public TimeSpan TimeoutToFail { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>First wait before a failed call is made again, doubling. Default 10 s.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Cap of the doubling wait. Default 10 min.</summary>
    public TimeSpan RetryIntervalMax { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one call of a branch may take. Default 3 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Steps of one transaction. Default 1000.</summary>
    public int StepsMax { get; set; } = 1000;

    /// <summary>
    /// Hosts that URLs may name. Default: all but link-local, metadata and other special addresses. Calls judge by the same, unless
    /// <see cref="InvokerOptions"/> are registered beside it.
    /// </summary>
    public BranchTargets Targets { get; set; } = BranchTargets.Default;

    /// <summary>Bytes of all texts and payloads of a request of an Orleans client. Default 4 MiB; HTTP and gRPC bound theirs themselves.</summary>
    public int BytesMax { get; set; } = 4 * 1024 * 1024;
}
