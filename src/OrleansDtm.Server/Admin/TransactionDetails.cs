using System.Globalization;
using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Admin;

/// <summary>Converts a stored transaction to a <see cref="TransactionDetail"/>.</summary>
internal static class TransactionDetails
{
    /// <summary>Maximum number of calls; the raw JSON has all.</summary>
    public const int CallsMax = 1000;

    /// <summary>Maximum bytes of one payload.</summary>
    public const int PayloadBytesMax = 16 * 1024;

    /// <summary>Maximum bytes of all payloads together.</summary>
    private const int AllPayloadBytesMax = 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="stored">The transaction.</param>
    /// <param name="now">The current time (UTC).</param>
    /// <param name="waiting">Why it has not ended; null = it has.</param>
    /// <param name="traceUrl">Admin:TraceUrl.</param>
    public static TransactionDetail Of(
        StoredTransaction stored, DateTimeOffset now, WaitingView? waiting, string traceUrl)
    {
        var transaction = stored.Transaction;
        var definition = transaction.Definition;
        var left = AllPayloadBytesMax;
        var traceId = TraceIdOf(definition.Trace);
        return new TransactionDetail
        {
            Now = now.UtcDateTime,
            Gid = Namespaces.Plain(definition.Gid),
            Namespace = Namespaces.IsQualified(definition.Gid) ? Namespaces.Of(definition.Gid) : null,
            Type = Names.Of(definition.Type),
            Status = Names.Of(transaction.Status),
            IsFinal = transaction.IsFinal,
            Parked = transaction.IsParked,
            Waiting = waiting,
            TraceId = traceId,
            TraceUrl = traceId is null || traceUrl.Length == 0
                ? null
                : traceUrl.Replace(AdminSettings.TraceId, traceId, StringComparison.Ordinal),
            Protocol = definition.Protocol,
            Created = definition.Created.UtcDateTime,
            Updated = transaction.Updated.UtcDateTime,
            Finished = transaction.Finished?.UtcDateTime,
            Due = transaction.Due?.UtcDateTime,
            Reason = transaction.RollbackReason,
            Result = transaction.Result,
            CustomData = definition.CustomData,
            Tags = definition.Tags,
            RetryCount = transaction.RetryCount,
            Version = transaction.Version,
            Options = Of(definition),
            Changes = PreparedChanges.Of(definition),
            Calls = [.. transaction.Branches.Take(CallsMax).Select((branch, index) => Of(branch, index, ref left))],
            CallsTotal = transaction.Branches.Length,
            Callback = transaction.Query is { } callback ? Of(callback, Transaction.QueryIndex, ref left) : null,
            Notice = transaction.Notice is { } notice ? Of(notice, Transaction.NoticeIndex, ref left) : null,
        };
    }

    /// <summary>The second part of a traceparent, which was checked when it was stored.</summary>
    private static string? TraceIdOf(TraceContext? trace) =>
        trace?.Parent.Split('-') is [_, { Length: 32 } id, ..] ? id : null;

    private static TransactionOptionsView Of(TransactionDefinition definition) => new()
    {
        TimeoutToFail = definition.Options.TimeoutToFail.TotalSeconds,
        RetryInterval = definition.Options.RetryInterval.TotalSeconds,
        RetryIntervalMax = definition.Options.RetryIntervalMax.TotalSeconds,
        RequestTimeout = definition.Options.RequestTimeout.TotalSeconds,
        RetryLimit = definition.Options.RetryLimit,
        Results = definition.Options.ResultBytesMax > 0,
        GiveUpAfter = definition.Options.GiveUpAfter,
        GiveUpAfterSeconds = definition.Options.GiveUpAfterTime.TotalSeconds,
        Concurrent = definition.Options.Concurrent,
        WaitResult = definition.Options.WaitResult,
        Delay = definition.Options.Delay.TotalSeconds,
        QueryPrepared = definition.QueryPrepared,
        NoticeUrl = definition.NoticeUrl,
        BranchHeaders = [.. definition.BranchHeaders.Keys.Order(StringComparer.Ordinal)],
        Orders = definition.Options.Orders.ToDictionary(
            static o => o.Key, static o => (IReadOnlyList<int>)[.. o.Value.Order()]),
    };

    private static CallView Of(BranchOp branch, int index, ref int left)
    {
        var payload = branch.Definition.Payload.Span;
        var shown = Math.Min(payload.Length, Math.Min(PayloadBytesMax, left));
        left -= shown;
        var text = Text(payload, ref shown);
        return new CallView
        {
            Index = index,
            BranchId = branch.Definition.Id,
            Op = branch.Definition.Op,
            Url = branch.Definition.Url,
            Status = Names.Of(branch.Status),
            Started = branch.Started,
            InFlight = branch.InFlight,
            Parked = branch.Parked,
            Policy = branch.Definition.Policy is { } policy ? Text(policy) : null,
            Attempts = branch.Attempts,
            RetryAt = branch.RetryAt?.UtcDateTime,
            Finished = branch.Finished?.UtcDateTime,
            LastError = branch.LastError,
            History = [.. branch.History.Select(Of)],
            PayloadBytes = payload.Length,
            Payload = text,
            PayloadBinary = text is null && shown > 0 ? Convert.ToBase64String(payload[..shown]) : null,
            PayloadIsCut = shown < payload.Length,
            Result = branch.Result is { } result ? Of(result, ref left) : null,
        };
    }

    private static CallResultView Of(StepResult result, ref int left)
    {
        var body = result.Body.Span;
        var shown = Math.Min(body.Length, Math.Min(PayloadBytesMax, left));
        left -= shown;
        var text = Text(body, ref shown);
        return new CallResultView
        {
            Bytes = body.Length,
            Text = text,
            Binary = text is null && shown > 0 ? Convert.ToBase64String(body[..shown]) : null,
            IsCut = shown < body.Length,
            Omitted = result.Omitted,
        };
    }

    /// <summary>Null when it is not text. Truncates at the end of a character.</summary>
    private static string? Text(ReadOnlySpan<byte> payload, ref int shown)
    {
        var end = shown;
        while (end > 0 && end < payload.Length && (payload[end] & 0xC0) == 0x80)
        {
            end--;
        }

        try
        {
            var text = end == 0 ? null : Strict.GetString(payload[..end]);
            shown = text is null ? shown : end;
            return text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>With the names of headers only: values may be credentials.</summary>
    private static string Text(CallPolicy policy)
    {
        var parts = new List<string>();
        void Add(string name, object? value)
        {
            if (value is not null)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {value}"));
            }
        }

        Add("retry_limit", policy.RetryLimit);
        Add("retry_interval", policy.RetryInterval?.TotalSeconds);
        Add("retry_backoff", policy.Backoff == RetryBackoff.Constant ? "constant" : null);
        Add("retry_interval_max", policy.RetryIntervalMax?.TotalSeconds);
        Add("request_timeout", policy.RequestTimeout?.TotalSeconds);
        Add("timeout_to_fail", policy.TimeoutToFail?.TotalSeconds);
        Add("give_up_after", policy.GiveUpAfter);
        Add("give_up_after_seconds", policy.GiveUpAfterTime?.TotalSeconds);
        Add("headers", policy.Headers is { } headers ? string.Join(' ', headers.Keys.Order()) : null);
        return string.Join(", ", parts);
    }

    private static CallAttemptView Of(Attempt attempt) => new()
    {
        Time = attempt.At.UtcDateTime,
        DurationMs = Math.Round(attempt.Duration.TotalMilliseconds, 3),
        Outcome = Names.Of(attempt.Outcome),
        Error = attempt.Error,
    };
}
