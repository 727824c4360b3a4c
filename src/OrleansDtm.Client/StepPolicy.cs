using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>How the wait before a retry grows with errors.</summary>
public enum RetryBackoff
{
    /// <summary>Each wait is twice the previous one, up to <see cref="StepPolicy.RetryIntervalMax"/>.</summary>
    Doubling = 0,

    /// <summary>Each wait is <see cref="StepPolicy.RetryInterval"/>.</summary>
    Constant = 1,
}

/// <summary>
/// What a step sets for one of its calls; OrleansDtm only. Null (default) = the transaction's. The coordinator refuses
/// an invalid value.
/// </summary>
public sealed class StepPolicy
{
    /// <summary>
    /// Action of a saga: its retries, after which the saga is rolled back; they do not count against
    /// <see cref="SagaOptions.RetryLimit"/>. 0 = no limit.
    /// </summary>
    public int? RetryLimit { get; init; }

    /// <summary>Wait before the first retry.</summary>
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>The growth of the waits. Default: doubling.</summary>
    public RetryBackoff RetryBackoff { get; init; }

    /// <summary>The longest wait, without jitter. Null (default) = the coordinator's, 10 min by default.</summary>
    public TimeSpan? RetryIntervalMax { get; init; }

    /// <summary>Timeout of one attempt.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>
    /// Action of a saga: the time since its first attempt after which the saga is rolled back if it has not succeeded.
    /// </summary>
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>Sent with the call, instead of <see cref="TransOptions.BranchHeaders"/> of the same name.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>
    /// Compensation, or action of a message: errors in a row after which it is put aside; 0 = never.
    /// </summary>
    public int? GiveUpAfter { get; init; }

    /// <summary>The same, by the time since the first attempt; zero = never.</summary>
    public TimeSpan? GiveUpAfterTime { get; init; }

    internal void Fill(CallPolicyRequest request)
    {
        request.RetryLimit = RetryLimit;
        request.RetryInterval = RetryInterval?.TotalSeconds;
        request.RetryBackoff = RetryBackoff == RetryBackoff.Constant ? "constant" : null;
        request.RetryIntervalMax = RetryIntervalMax?.TotalSeconds;
        request.RequestTimeout = RequestTimeout?.TotalSeconds;
        request.TimeoutToFail = TimeoutToFail?.TotalSeconds;
        request.Headers = Headers?.ToDictionary(static h => h.Key, static h => (string?)h.Value);
        request.GiveUpAfter = GiveUpAfter;
        request.GiveUpAfterSeconds = GiveUpAfterTime?.TotalSeconds;
    }
}
