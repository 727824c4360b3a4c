using System.Collections.Immutable;
using System.Text.Json;
using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// Writes a <see cref="ProgressBody"/> directly from the state. Every step of every transaction writes one, and
/// intermediate objects were 5 % of a saga's allocations. Reading is rare and uses the serializer; a test compares the
/// two.
/// </summary>
internal static class ProgressWriter
{
    private static readonly JsonEncodedText Branches = JsonEncodedText.Encode("b");
    private static readonly JsonEncodedText Query = JsonEncodedText.Encode("k");
    private static readonly JsonEncodedText Notice = JsonEncodedText.Encode("a");
    private static readonly JsonEncodedText Reason = JsonEncodedText.Encode("r");
    private static readonly JsonEncodedText Result = JsonEncodedText.Encode("x");
    private static readonly JsonEncodedText Retries = JsonEncodedText.Encode("n");
    private static readonly JsonEncodedText Hurried = JsonEncodedText.Encode("h");
    private static readonly JsonEncodedText Wake = JsonEncodedText.Encode("w");
    private static readonly JsonEncodedText Lease = JsonEncodedText.Encode("l");
    private static readonly JsonEncodedText Status = JsonEncodedText.Encode("s");
    private static readonly JsonEncodedText Started = JsonEncodedText.Encode("t");
    private static readonly JsonEncodedText InFlight = JsonEncodedText.Encode("i");
    private static readonly JsonEncodedText Attempts = JsonEncodedText.Encode("n");
    private static readonly JsonEncodedText Failures = JsonEncodedText.Encode("f");
    private static readonly JsonEncodedText RetryAt = JsonEncodedText.Encode("r");
    private static readonly JsonEncodedText Finished = JsonEncodedText.Encode("e");
    private static readonly JsonEncodedText OrphanedUntil = JsonEncodedText.Encode("o");
    private static readonly JsonEncodedText LastError = JsonEncodedText.Encode("m");
    private static readonly JsonEncodedText History = JsonEncodedText.Encode("h");
    private static readonly JsonEncodedText FailAt = JsonEncodedText.Encode("d");
    private static readonly JsonEncodedText RetryCount = JsonEncodedText.Encode("c");
    private static readonly JsonEncodedText GiveUpAt = JsonEncodedText.Encode("g");
    private static readonly JsonEncodedText Parked = JsonEncodedText.Encode("p");
    private static readonly JsonEncodedText At = JsonEncodedText.Encode("a");
    private static readonly JsonEncodedText Duration = JsonEncodedText.Encode("d");
    private static readonly JsonEncodedText Outcome = JsonEncodedText.Encode("o");
    private static readonly JsonEncodedText Error = JsonEncodedText.Encode("e");
    private static readonly JsonEncodedText Definition = JsonEncodedText.Encode("d");
    private static readonly JsonEncodedText Progress = JsonEncodedText.Encode("p");

    /// <summary>The bytes that a call which is put aside has in the progress, and no other.</summary>
    public static ReadOnlySpan<byte> ParkedCall => "\"p\":true"u8;

    public static void Write(Utf8JsonWriter json, Transaction state)
    {
        json.WriteStartObject();
        if (!state.Branches.IsEmpty)
        {
            json.WriteStartArray(Branches);
            foreach (var branch in state.Branches)
            {
                Write(json, branch);
            }

            json.WriteEndArray();
        }

        if (state.Query is { } query)
        {
            json.WritePropertyName(Query);
            Write(json, query);
        }

        if (state.Notice is { } notice)
        {
            json.WriteStartObject(Notice);
            json.WritePropertyName(Definition);
            JsonSerializer.Serialize(json, TransactionCodec.Body(notice.Definition), PersistedJson.Default.BranchBody);
            json.WritePropertyName(Progress);
            Write(json, notice);
            json.WriteEndObject();
        }

        Text(json, Reason, state.RollbackReason.Length == 0 ? null : state.RollbackReason);
        Text(json, Result, state.Result.Length == 0 ? null : state.Result);
        Number(json, Retries, state.RetryCount);
        Moment(json, Hurried, state.Hurried);
        Moment(json, Wake, state.WakeAt);
        Moment(json, Lease, state.LeaseUntil);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, BranchOp branch)
    {
        json.WriteStartObject();
        Number(json, Status, (int)branch.Status);
        Flag(json, Started, branch.Started);
        Flag(json, InFlight, branch.InFlight);
        Number(json, Attempts, branch.Attempts);
        Number(json, Failures, branch.Failures);
        Moment(json, RetryAt, branch.RetryAt);
        Moment(json, OrphanedUntil, branch.OrphanedUntil);
        Moment(json, Finished, branch.Finished);
        Text(json, LastError, branch.LastError);
        if (!branch.History.IsDefaultOrEmpty)
        {
            Write(json, branch.History);
        }

        Moment(json, FailAt, branch.FailAt);
        Number(json, RetryCount, branch.RetryCount);
        Moment(json, GiveUpAt, branch.GiveUpAt);
        Flag(json, Parked, branch.Parked);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ImmutableArray<Attempt> history)
    {
        json.WriteStartArray(History);
        foreach (var attempt in history)
        {
            json.WriteStartObject();
            Number(json, At, attempt.At.ToUnixTimeMilliseconds());
            Number(json, Duration, attempt.Duration.Ticks / TimeSpan.TicksPerMicrosecond);
            Number(json, Outcome, (int)attempt.Outcome);
            Text(json, Error, attempt.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, JsonEncodedText name, long value)
    {
        if (value != 0)
        {
            json.WriteNumber(name, value);
        }
    }

    private static void Flag(Utf8JsonWriter json, JsonEncodedText name, bool value)
    {
        if (value)
        {
            json.WriteBoolean(name, value);
        }
    }

    private static void Text(Utf8JsonWriter json, JsonEncodedText name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void Moment(Utf8JsonWriter json, JsonEncodedText name, DateTimeOffset? value)
    {
        if (value is { } moment)
        {
            json.WriteNumber(name, moment.ToUnixTimeMilliseconds());
        }
    }
}
