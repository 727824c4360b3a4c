using OrleansDtm.Invokers;

namespace OrleansDtm.Grains;

/// <summary>
/// Defaults and limits of requests, the same for every API. A request with too many parts or bytes is rejected and not
/// stored. A number above the maximum is treated as the maximum.
/// </summary>
public sealed class RequestOptions
{
    /// <summary>
    /// The default timeout of a prepared transaction, after which it is queried (msg) or rolled back (tcc, xa). Default
    /// 35 s.
    /// </summary>
    public TimeSpan TimeoutToFail { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>The default first backoff delay, doubled for each further error. Default 10 s.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The maximum backoff delay. Default 10 min.</summary>
    public TimeSpan RetryIntervalMax { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The default timeout of one branch call. Default 3 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The maximum number of steps in one transaction. Default 1000.</summary>
    public int StepsMax { get; set; } = 1000;

    /// <summary>
    /// The maximum length of an answer that is kept as the result of a step, in bytes. Default 64 KiB. All results of a
    /// transaction together have at most 16 times as much.
    /// </summary>
    public int ResultBytesMax { get; set; } = 64 * 1024;

    /// <summary>
    /// The hosts that branch URLs may contain. Default: all except link-local, metadata and other special addresses.
    /// Branch calls apply the same rules unless the application registers its own <see cref="InvokerOptions"/>.
    /// </summary>
    public BranchTargets Targets { get; set; } = BranchTargets.Default;

    /// <summary>
    /// The maximum size of all texts and payloads of an Orleans client's request, in bytes. Default 4 MiB. HTTP and
    /// gRPC have their own limits.
    /// </summary>
    public int BytesMax { get; set; } = 4 * 1024 * 1024;
}
