using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>Converts stored transactions to DTM's API format.</summary>
internal static class TransactionViews
{
    /// <param name="timeout">True to include timeout_to_fail as a field, as prepareWorkflow does.</param>
    /// <param name="waiting">Why it has not ended; null = not shown.</param>
    public static TransactionView Of(
        StoredTransaction stored, bool secrets, bool timeout = false, Waiting? waiting = null)
    {
        var transaction = stored.Transaction;
        var definition = transaction.Definition;
        return new TransactionView
        {
            Id = stored.Id,
            CreateTime = definition.Created.UtcDateTime,
            UpdateTime = transaction.Updated.UtcDateTime,
            Gid = Namespaces.Plain(definition.Gid),
            Namespace = Given(Namespaces.Of(definition.Gid)),
            TransType = Names.Of(definition.Type),
            Status = Names.Of(transaction.Status),
            QueryPrepared = Given(definition.QueryPrepared),
            Protocol = definition.Protocol,
            FinishTime = transaction.Status == TransactionStatus.Succeed ? transaction.Finished?.UtcDateTime : null,
            RollbackTime = transaction.Status == TransactionStatus.Failed ? transaction.Finished?.UtcDateTime : null,
            Options = Options(definition, secrets),
            Tags = definition.Tags.IsEmpty ? null : definition.Tags,
            TimeoutToFail = timeout && definition.Options.TimeoutToFail > TimeSpan.Zero
                ? definition.Options.TimeoutToFail.TotalSeconds
                : null,
            CustomData = Given(definition.CustomData),
            Result = Given(transaction.Result),
            RollbackReason = Given(transaction.RollbackReason),
            NextCronInterval = definition.Options.RetryInterval.TotalSeconds,
            NextCronTime = (transaction.Due ?? transaction.Updated).UtcDateTime,
            Concurrent = definition.Type == TransactionType.Msg && definition.Options.Concurrent,
            RetryCount = transaction.RetryCount,
            Notice = transaction.Notice is { } notice
                ? new NoticeView
                {
                    Status = Names.Of(notice.Status),
                    Attempts = notice.Attempts,
                    LastError = notice.LastError,
                }
                : null,
            Parked = transaction.IsParked,
            Waiting = waiting is null ? null : Of(waiting),
        };
    }

    public static WaitingView Of(Waiting waiting) => new()
    {
        Reason = Names.Of(waiting.Reason),
        BranchId = waiting.Call?.Definition.Id,
        Op = waiting.Call?.Definition.Op,
        Service = waiting.Call is { Definition.Url: var url } ? GrainBranchCaller.ServiceOf(url) : null,
        Attempts = waiting.Call?.Attempts ?? 0,
        LastError = waiting.Call?.LastError,
        Since = waiting.Since?.UtcDateTime,
        SinceEarlier = waiting.SinceEarlier,
        Until = waiting.Until?.UtcDateTime,
        Others = waiting.Others,
    };

    /// <param name="secrets">See <see cref="Of(StoredTransaction, bool, bool, Waiting)"/>.</param>
    public static IReadOnlyList<BranchView> BranchesOf(Transaction transaction, bool secrets)
    {
        var views = new List<BranchView>(transaction.Branches.Length + 1);
        views.AddRange(transaction.Branches.Select(branch => Of(transaction, branch, secrets)));
        return views;
    }

    private static BranchView Of(Transaction transaction, BranchOp branch, bool secrets) => new()
    {
        CreateTime = branch.Definition.Created.UtcDateTime,
        UpdateTime = (branch.History.IsEmpty ? branch.Definition.Created : branch.History[^1].At).UtcDateTime,
        Gid = Namespaces.Plain(transaction.Definition.Gid),
        Url = Given(branch.Definition.Url),
        BinData = branch.Definition.Payload.IsEmpty ? null : branch.Definition.Payload.ToArray(),
        BranchId = branch.Definition.Id,
        Op = branch.Definition.Op,
        Status = Names.Of(branch.Status),
        FinishTime = branch.Finished?.UtcDateTime,
        Attempts = branch.Attempts,
        NextRetryTime = branch.RetryAt?.UtcDateTime,
        LastError = branch.LastError,
        History = branch.History.IsEmpty ? null : [.. branch.History.Select(Of)],
        Parked = branch.Parked && !transaction.IsFinal,
        Result = branch.Result is { Omitted: null } text ? ResultTexts.Text(text.Body.Span, secrets) : null,
        BinResult = branch.Result is { Omitted: null } bytes ? ResultTexts.Bytes(bytes.Body.Span, secrets) : null,
        ResultOmitted = branch.Result?.Omitted,
        Policy = branch.Definition.Policy is { } policy ? Of(policy, secrets) : null,
    };

    private static CallPolicyView Of(CallPolicy policy, bool secrets) => new()
    {
        RetryLimit = policy.RetryLimit,
        RetryInterval = policy.RetryInterval?.TotalSeconds,
        RetryBackoff = policy.Backoff switch
        {
            RetryBackoff.Doubling => "doubling",
            RetryBackoff.Constant => "constant",
            _ => null,
        },
        RetryIntervalMax = policy.RetryIntervalMax?.TotalSeconds,
        RequestTimeout = policy.RequestTimeout?.TotalSeconds,
        TimeoutToFail = policy.TimeoutToFail?.TotalSeconds,
        Headers = policy.Headers?.ToDictionary(
            static h => h.Key, h => secrets || !SecretHeaders.IsSecret(h.Key) ? h.Value : SecretHeaders.Mask),
        GiveUpAfter = policy.GiveUpAfter,
        GiveUpAfterSeconds = policy.GiveUpAfterTime?.TotalSeconds,
    };

    private static AttemptView Of(Attempt attempt) => new()
    {
        Time = attempt.At.UtcDateTime,
        DurationMs = Math.Round(attempt.Duration.TotalMilliseconds, 3),
        Outcome = Names.Of(attempt.Outcome),
        Error = attempt.Error,
    };

    /// <summary>Returns the options that differ from their unset values, in DTM's names and seconds.</summary>
    private static string Options(TransactionDefinition definition, bool secrets)
    {
        var options = definition.Options;
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (options.WaitResult)
            {
                json.WriteBoolean("wait_result", true);
            }

            Seconds(json, "timeout_to_fail", options.TimeoutToFail);
            Seconds(json, "retry_interval", options.RetryInterval);
            Seconds(json, "request_timeout", options.RequestTimeout);
            if (options.RetryLimit > 0)
            {
                json.WriteNumber("retry_limit", options.RetryLimit);
            }

            if (options.GiveUpAfter > 0)
            {
                json.WriteNumber("give_up_after", options.GiveUpAfter);
            }

            if (options.ResultBytesMax > 0)
            {
                json.WriteBoolean("results", true);
            }

            Seconds(json, "give_up_after_seconds", options.GiveUpAfterTime);
            if (!definition.BranchHeaders.IsEmpty)
            {
                json.WriteStartObject("branch_headers");
                foreach (var (name, value) in definition.BranchHeaders.OrderBy(
                    static h => h.Key, StringComparer.Ordinal))
                {
                    json.WriteString(name, secrets || !SecretHeaders.IsSecret(name) ? value : SecretHeaders.Mask);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void Seconds(Utf8JsonWriter json, string name, TimeSpan value)
    {
        if (value > TimeSpan.Zero)
        {
            json.WriteNumber(name, decimal.Parse(
                value.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
        }
    }

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
