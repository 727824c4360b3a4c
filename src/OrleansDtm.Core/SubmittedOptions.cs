using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// Applies the options of a submit to a prepared transaction. Steps and payloads of the prepare are kept.
/// </summary>
internal static class SubmittedOptions
{
    /// <summary>Merges the options named in a submit into the prepared definition.</summary>
    /// <param name="prepared">The stored definition.</param>
    /// <param name="submission">The submit.</param>
    /// <param name="submitted">The current time (UTC), in stored precision.</param>
    /// <returns>The same object if nothing changes.</returns>
    public static TransactionDefinition Merge(
        TransactionDefinition prepared, Submission submission, DateTimeOffset submitted)
    {
        var merged = submission.Named == NamedOptions.None
            ? prepared
            : Merge(prepared, submission.Definition, submission.Named);
        return merged.Type == TransactionType.Msg && merged.Options.Delay > TimeSpan.Zero
            ? merged with { Submitted = submitted, Prepared = prepared }
            : merged;
    }

    /// <summary>See <see cref="TransactionMachine.PrepareAskedToWait"/>.</summary>
    /// <param name="state">The state before the event.</param>
    /// <param name="occurred">The requested event.</param>
    public static bool PrepareAskedToWait(Transaction? state, TransactionEvent occurred) =>
        state is { Definition.Options.WaitResult: true } && occurred switch
        {
            TransactionEvent.Submit e =>
                state.Status == TransactionStatus.Prepared && !e.Submission.Named.HasFlag(NamedOptions.WaitResult),
            TransactionEvent.Abort => state.Status is TransactionStatus.Prepared or TransactionStatus.Aborting,
            _ => false,
        };

    /// <summary>
    /// SDKs repeat the options of the prepare in the submit; equal values cost no write. wait_result is excluded
    /// because it applies to one request only.
    /// </summary>
    private static TransactionDefinition Merge(
        TransactionDefinition prepared, TransactionDefinition submit, NamedOptions named)
    {
        var (old, said) = (prepared.Options, submit.Options);
        var options = old with
        {
            TimeoutToFail = named.HasFlag(NamedOptions.TimeoutToFail) ? said.TimeoutToFail : old.TimeoutToFail,
            RetryInterval = WinsRetryInterval(old, named) ? said.RetryInterval : old.RetryInterval,
            RetryIntervalNamed = old.RetryIntervalNamed || said.RetryIntervalNamed,
            RequestTimeout = named.HasFlag(NamedOptions.RequestTimeout) ? said.RequestTimeout : old.RequestTimeout,
            Concurrent = named.HasFlag(NamedOptions.Concurrent) ? said.Concurrent : old.Concurrent,
            Delay = named.HasFlag(NamedOptions.CustomData) ? said.Delay : old.Delay,
            GiveUpAfter = named.HasFlag(NamedOptions.GiveUpAfter) ? said.GiveUpAfter : old.GiveUpAfter,
            GiveUpAfterTime = named.HasFlag(NamedOptions.GiveUpAfterTime) ? said.GiveUpAfterTime : old.GiveUpAfterTime,
        };
        var customData = named.HasFlag(NamedOptions.CustomData) ? submit.CustomData : prepared.CustomData;
        var noticeUrl = named.HasFlag(NamedOptions.NoticeUrl) ? submit.NoticeUrl : prepared.NoticeUrl;
        var headers = named.HasFlag(NamedOptions.BranchHeaders) ? submit.BranchHeaders : prepared.BranchHeaders;
        var tags = named.HasFlag(NamedOptions.Tags) ? submit.Tags : prepared.Tags;
        return options == old
            && customData == prepared.CustomData
            && noticeUrl == prepared.NoticeUrl
            && Same(headers, prepared.BranchHeaders)
            && TransactionTags.Same(tags, prepared.Tags)
            ? prepared
            : prepared with
            {
                Options = options,
                CustomData = customData,
                NoticeUrl = noticeUrl,
                BranchHeaders = headers,
                Tags = tags,
                Prepared = prepared,
            };
    }

    private static bool Same(ImmutableDictionary<string, string> headers, ImmutableDictionary<string, string> others) =>
        ReferenceEquals(headers, others)
        || (headers.Count == others.Count
            && headers.All(h => others.TryGetValue(h.Key, out var value) && value == h.Value));

    /// <summary>If neither request names the retry interval, it is derived from timeout_to_fail.</summary>
    private static bool WinsRetryInterval(TransactionOptions prepared, NamedOptions named) =>
        named.HasFlag(NamedOptions.RetryInterval)
        || (named.HasFlag(NamedOptions.TimeoutToFail) && !prepared.RetryIntervalNamed);
}
