namespace OrleansDtm.Abstractions;

/// <summary>
/// What a step sets for one of its calls. Each member is optional: null = the transaction's. The coordinator refuses an
/// invalid value.
/// </summary>
[GenerateSerializer, Immutable, Alias("dtm.step-policy")]
public sealed record StepPolicy
{
    /// <summary>
    /// Action of a saga: its retries, after which the saga is rolled back; they do not count against the transaction's
    /// limit. 0 = no limit.
    /// </summary>
    [Id(0)]
    public int? RetryLimit { get; init; }

    /// <summary>Wait before the first retry.</summary>
    [Id(1)]
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>
    /// True: each wait after an error is <see cref="RetryInterval"/>. False (default): each is twice the previous one,
    /// up to <see cref="RetryIntervalMax"/>.
    /// </summary>
    [Id(2)]
    public bool ConstantBackoff { get; init; }

    /// <summary>The longest wait, without jitter. Null = the coordinator's, 10 min by default.</summary>
    [Id(3)]
    public TimeSpan? RetryIntervalMax { get; init; }

    /// <summary>Timeout of one attempt.</summary>
    [Id(4)]
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>
    /// Action of a saga: the time since its first attempt after which the saga is rolled back if it has not succeeded.
    /// </summary>
    [Id(5)]
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>
    /// Sent with the call, instead of <see cref="GlobalTransaction.BranchHeaders"/> of the same name.
    /// </summary>
    [Id(6)]
    public Dictionary<string, string>? Headers { get; init; }

    /// <summary>
    /// Compensation, or action of a message: errors in a row after which it is put aside; 0 = never.
    /// </summary>
    [Id(7)]
    public int? GiveUpAfter { get; init; }

    /// <summary>The same, by the time since the first attempt; zero = never.</summary>
    [Id(8)]
    public TimeSpan? GiveUpAfterTime { get; init; }

    /// <summary>Without secrets: Orleans logs it for slow or lost requests.</summary>
    public override string ToString() => nameof(StepPolicy);
}
