using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// How the delay grows with consecutive errors. Values are stored: add new ones, never change them.
/// </summary>
public enum RetryBackoff
{
    /// <summary>Not set: <see cref="Doubling"/>.</summary>
    None = 0,

    /// <summary>Each delay is twice the previous one, up to the cap.</summary>
    Doubling = 1,

    /// <summary>Each delay is the retry interval.</summary>
    Constant = 2,
}

/// <summary>
/// What a step sets for one of its calls, instead of the transaction's option. A null member = the transaction's.
/// </summary>
public sealed record CallPolicy
{
    /// <summary>
    /// Action of a saga: the failed attempts of this action before a rollback, which then do not count against the
    /// transaction's limit; 0 = no limit.
    /// </summary>
    public int? RetryLimit { get; init; }

    /// <summary>See <see cref="TransactionOptions.RetryInterval"/>.</summary>
    public TimeSpan? RetryInterval { get; init; }

    /// <summary>Default: doubling.</summary>
    public RetryBackoff Backoff { get; init; }

    /// <summary>The maximum backoff delay, before jitter.</summary>
    public TimeSpan? RetryIntervalMax { get; init; }

    /// <summary>The timeout of one call.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>
    /// Action of a saga: the time from its first call after which the saga rolls back if the action has not succeeded.
    /// </summary>
    public TimeSpan? TimeoutToFail { get; init; }

    /// <summary>
    /// Headers of the call, which replace the transaction's of the same name (in any case); null = none.
    /// </summary>
    public ImmutableDictionary<string, string>? Headers { get; init; }

    /// <summary>See <see cref="TransactionOptions.GiveUpAfter"/>; 0 = never.</summary>
    public int? GiveUpAfter { get; init; }

    /// <summary>See <see cref="TransactionOptions.GiveUpAfterTime"/>; zero = never.</summary>
    public TimeSpan? GiveUpAfterTime { get; init; }
}

/// <summary>The options of one call: those of its step, else those of its transaction.</summary>
public static class CallSettings
{
    /// <summary>Returns the timeout of the call.</summary>
    public static TimeSpan RequestTimeout(TransactionOptions options, BranchOpDefinition branch)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(branch);
        return branch.Policy?.RequestTimeout ?? options.RequestTimeout;
    }

    /// <summary>Returns the headers of the call.</summary>
    public static ImmutableDictionary<string, string> Headers(
        TransactionDefinition definition, BranchOpDefinition branch)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(branch);
        if (branch.Policy?.Headers is not { IsEmpty: false } own)
        {
            return definition.BranchHeaders;
        }

        var names = own.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return definition.BranchHeaders.RemoveRange(definition.BranchHeaders.Keys.Where(names.Contains)).AddRange(own);
    }

    /// <summary>Returns interval, cap and growth of the delays between attempts.</summary>
    internal static RetryPacing Pacing(TransactionOptions options, BranchOpDefinition branch) =>
        branch.Policy is not { } policy
            ? RetryPacing.Of(options)
            : new RetryPacing(
                policy.RetryInterval ?? options.RetryInterval,
                policy.RetryIntervalMax ?? options.RetryIntervalMax,
                policy.Backoff);

    /// <summary>Returns the consecutive errors after which the call is put aside; 0 = never.</summary>
    internal static int GiveUpAfter(TransactionOptions options, BranchOpDefinition branch) =>
        branch.Policy?.GiveUpAfter ?? options.GiveUpAfter;

    /// <summary>Returns the time after which the call is put aside; zero = never.</summary>
    internal static TimeSpan GiveUpAfterTime(TransactionOptions options, BranchOpDefinition branch) =>
        branch.Policy?.GiveUpAfterTime ?? options.GiveUpAfterTime;
}
