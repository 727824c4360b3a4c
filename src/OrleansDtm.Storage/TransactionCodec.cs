using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>A stored transaction, still encoded. The first body holds gid, type and creation time.</summary>
internal readonly record struct EncodedTransaction(
    string Status, long Version, long Updated, long? Finished, byte[] Progress, IReadOnlyList<byte[]> Bodies);

/// <summary>
/// Transactions to JSON and back. Times and durations are truncated to milliseconds, the duration of an attempt to
/// microseconds.
/// </summary>
internal static class TransactionCodec
{
    /// <summary>
    /// The first byte of a body with members that change how calls are made, in front of the JSON: coordinators of
    /// earlier versions must refuse it, not ignore the members.
    /// </summary>
    private const byte Extended = (byte)'2';

    /// <summary>
    /// The first byte of a later body with results, in front of the JSON: earlier versions would read it as options.
    /// </summary>
    private const byte WithResults = (byte)'4';

    /// <summary>The same for a transaction of a namespace, whose gid earlier versions would send to services.</summary>
    private const byte Namespaced = (byte)'3';

    private const string DefaultProtocol = "http";

    /// <summary>A buffer larger than this is not reused: one huge payload must not hold its memory forever.</summary>
    private const int BufferKept = 1 << 20;

    // This JSON is never embedded in HTML, so only what JSON requires is escaped.
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>The definition and the branches known at insert.</summary>
    public static byte[] EncodeDefinition(TransactionDefinition definition, ReadOnlySpan<BranchOp> branches) => Encode(
        new DefinitionBody
        {
            Gid = definition.Gid,
            Type = (int)definition.Type,
            Created = definition.Created.ToUnixTimeMilliseconds(),
            Protocol = definition.Protocol == DefaultProtocol ? null : definition.Protocol,
            QueryPrepared = NullIfEmpty(definition.QueryPrepared),
            Query = definition.Query is { } query ? Body(query) : null,
            NoticeUrl = NullIfEmpty(definition.NoticeUrl),
            CustomData = NullIfEmpty(definition.CustomData),
            Options = Body(definition.Options),
            BranchHeaders = Headers(definition),
            Branches = branches.IsEmpty ? null : Bodies(branches),
            TraceParent = definition.Trace?.Parent,
            TraceState = NullIfEmpty(definition.Trace?.State ?? ""),
            Submitted = definition.Submitted?.ToUnixTimeMilliseconds(),
            Tags = Tags(definition),
            Results = Results(branches, default),
        },
        PersistedJson.Default.DefinitionBody,
        Namespaces.IsQualified(definition.Gid) ? Namespaced : MarkOf(definition.Options, branches));

    /// <summary>The definition after a submit, and the branches that were added with it.</summary>
    public static byte[] EncodeAmendment(
        TransactionDefinition definition, ReadOnlySpan<BranchOp> branches, Dictionary<int, ResultBody>? results) =>
        Encode(
        new AmendmentBody
        {
            Options = Body(definition.Options),
            BranchHeaders = Headers(definition),
            CustomData = NullIfEmpty(definition.CustomData),
            NoticeUrl = NullIfEmpty(definition.NoticeUrl),
            Submitted = definition.Submitted?.ToUnixTimeMilliseconds(),
            Branches = branches.IsEmpty ? null : Bodies(branches),
            Tags = Tags(definition),
            Results = results,
        },
        PersistedJson.Default.AmendmentBody,
        MarkOf(definition.Options, branches));

    /// <summary>Results that were added, and branches.</summary>
    public static byte[] EncodeResults(Dictionary<int, ResultBody> results, ReadOnlySpan<BranchOp> branches) => Encode(
        (new ResultsBody
        {
            Results = results,
            Branches = branches.IsEmpty ? null : Bodies(branches),
        }),
        static (writer, body) => JsonSerializer.Serialize(writer, body, PersistedJson.Default.ResultsBody),
        WithResults);

    /// <summary>The results that a state has and the previous one has not; null = none.</summary>
    public static Dictionary<int, ResultBody>? AddedResults(Transaction previous, Transaction next) =>
        next.Definition.Options.ResultBytesMax == 0
            ? null
            : Results(next.Branches.AsSpan(), previous.Branches.AsSpan());

    private static Dictionary<int, ResultBody>? Results(
        ReadOnlySpan<BranchOp> branches, ReadOnlySpan<BranchOp> previous)
    {
        Dictionary<int, ResultBody>? added = null;
        for (var i = 0; i < branches.Length; i++)
        {
            if (branches[i].Result is { } result
                && (i >= previous.Length || !ReferenceEquals(previous[i].Result, result)))
            {
                (added ??= [])[i] = new ResultBody { Body = result.Body, Omitted = result.Omitted };
            }
        }

        return added;
    }

    /// <summary>Branches that were added later.</summary>
    public static byte[] EncodeAppended(ReadOnlySpan<BranchOp> branches) =>
        Encode(Bodies(branches), PersistedJson.Default.BranchBodyArray);

    /// <summary>Everything that changes and has no column.</summary>
    public static byte[] EncodeProgress(Transaction state)
    {
        if (state.Query is not null && state.Definition.Query is null)
        {
            throw new ArgumentException(
                "A callback that is not part of the definition could not be read back.", nameof(state));
        }

        return Encode(state, static (writer, state) => ProgressWriter.Write(writer, state));
    }

    public static Transaction Decode(in EncodedTransaction row)
    {
        var body = JsonSerializer.Deserialize(Json(row.Bodies[0]), PersistedJson.Default.DefinitionBody)!;
        var progress = JsonSerializer.Deserialize(row.Progress, PersistedJson.Default.ProgressBody)!;
        var definition = Definition(body);
        var states = progress.Branches ?? [];
        var branches = ImmutableArray.CreateBuilder<BranchOp>(states.Length);
        Append(body.Branches ?? []);
        AddResults(body.Results);
        for (var i = 1; i < row.Bodies.Count; i++)
        {
            var (added, results) = Joined(row.Bodies[i], ref definition);
            Append(added);
            AddResults(results);
        }

        return new Transaction
        {
            Definition = definition,
            Branches = branches.MoveToImmutable(),
            Status = Names.Status(row.Status),
            Query = progress.Query is { } query ? Branch(definition.Query!, query) : null,
            Notice = progress.Notice is { } notice ? Branch(Definition(notice.Definition), notice.Progress) : null,
            RollbackReason = progress.RollbackReason ?? "",
            Result = progress.Result ?? "",
            RetryCount = progress.RetryCount,
            Hurried = Time(progress.Hurried),
            Updated = Time(row.Updated),
            Finished = Time(row.Finished),
            WakeAt = Time(progress.WakeAt),
            LeaseUntil = Time(progress.LeaseUntil),
            Version = row.Version,
        };

        void AddResults(Dictionary<int, ResultBody>? results)
        {
            foreach (var (index, result) in results ?? [])
            {
                branches[index] = branches[index] with { Result = new StepResult(result.Body, result.Omitted) };
            }
        }

        void Append(BranchBody[] bodies)
        {
            foreach (var branch in bodies)
            {
                branches.Add(Branch(Definition(branch), states[branches.Count]));
            }
        }
    }

    /// <summary>Decodes no definition: it only says whether some call waits for a retry.</summary>
    public static bool WaitsForRetry(byte[] progress)
    {
        var body = JsonSerializer.Deserialize(progress, PersistedJson.Default.ProgressBody);
        return body?.Query is { RetryAt: not null }
            || body?.Branches?.Any(static b => b?.RetryAt is not null) == true;
    }

    /// <summary>The branches of a later body. A body that a submit wrote changes the definition too.</summary>
    private static (BranchBody[] Branches, Dictionary<int, ResultBody>? Results) Joined(
        byte[] body, ref TransactionDefinition definition)
    {
        if (body is [(byte)'[', ..])
        {
            return (JsonSerializer.Deserialize(body, PersistedJson.Default.BranchBodyArray)!, null);
        }

        if (body is [WithResults, ..])
        {
            var joined = JsonSerializer.Deserialize(body.AsSpan(1), PersistedJson.Default.ResultsBody)!;
            return (joined.Branches ?? [], joined.Results);
        }

        var amendment = JsonSerializer.Deserialize(Json(body), PersistedJson.Default.AmendmentBody)!;
        definition = definition with
        {
            Options = Options(amendment.Options),
            BranchHeaders =
                amendment.BranchHeaders?.ToImmutableDictionary() ?? ImmutableDictionary<string, string>.Empty,
            CustomData = amendment.CustomData ?? "",
            NoticeUrl = amendment.NoticeUrl ?? "",
            Submitted = Time(amendment.Submitted),
            Tags = TransactionTags.Of(amendment.Tags),
            Prepared = definition.Prepared ?? definition,
        };
        return (amendment.Branches ?? [], amendment.Results);
    }

    /// <summary>The byte in front of a body; null = none.</summary>
    private static byte? MarkOf(TransactionOptions options, ReadOnlySpan<BranchOp> branches)
    {
        if (options.AreExtended())
        {
            return Extended;
        }

        foreach (var branch in branches)
        {
            if (branch.Definition.Policy is not null)
            {
                return Extended;
            }
        }

        return null;
    }

    private static ReadOnlySpan<byte> Json(byte[] body) => body is [Extended or Namespaced, ..] ? body.AsSpan(1) : body;

    private static byte[] Encode<T>(T body, JsonTypeInfo<T> type, byte? mark = null) => Encode(
        (body, type), static (writer, what) => JsonSerializer.Serialize(writer, what.body, what.type), mark);

    private static byte[] Encode<T>(T what, Action<Utf8JsonWriter, T> write, byte? mark = null)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(4096);
        var writer = _writer ??= new Utf8JsonWriter(buffer, WriterOptions);
        try
        {
            if (mark is { } first)
            {
                buffer.Write([first]);
            }

            write(writer, what);
            writer.Flush();
            return buffer.WrittenSpan.ToArray();
        }
        finally
        {
            if (buffer.Capacity > BufferKept)
            {
                _buffer = null;
                _writer = null;
            }
            else
            {
                buffer.ResetWrittenCount();
                writer.Reset();
            }
        }
    }

    private static Dictionary<string, string>? Headers(TransactionDefinition definition) =>
        definition.BranchHeaders.IsEmpty
        ? null
        : new(definition.BranchHeaders.OrderBy(static h => h.Key, StringComparer.Ordinal));

    private static Dictionary<string, string>? Tags(TransactionDefinition definition) =>
        definition.Tags.IsEmpty ? null : new(definition.Tags);

    private static OptionsBody Body(TransactionOptions options) => new()
    {
        TimeoutToFail = Milliseconds(options.TimeoutToFail),
        RetryInterval = Milliseconds(options.RetryInterval),
        RetryIntervalNamed = options.RetryIntervalNamed,
        RetryIntervalMax = Milliseconds(options.RetryIntervalMax),
        RequestTimeout = Milliseconds(options.RequestTimeout),
        RetryLimit = options.RetryLimit,
        Concurrent = options.Concurrent,
        WaitResult = options.WaitResult,
        Delay = Milliseconds(options.Delay),
        Orders = options.Orders.IsEmpty
            ? null
            : options.Orders.OrderBy(static o => o.Key).ToDictionary(static o => o.Key, static o => o.Value.ToArray()),
        GiveUpAfter = options.GiveUpAfter,
        GiveUpAfterTime = Milliseconds(options.GiveUpAfterTime),
        ResultBytesMax = options.ResultBytesMax,
    };

    private static PolicyBody? Body(CallPolicy? policy) => policy is null ? null : new PolicyBody
    {
        RetryLimit = policy.RetryLimit,
        RetryInterval = Milliseconds(policy.RetryInterval),
        Backoff = (int)policy.Backoff,
        RetryIntervalMax = Milliseconds(policy.RetryIntervalMax),
        RequestTimeout = Milliseconds(policy.RequestTimeout),
        TimeoutToFail = Milliseconds(policy.TimeoutToFail),
        Headers = policy.Headers is { IsEmpty: false } headers
            ? new(headers.OrderBy(static h => h.Key, StringComparer.Ordinal))
            : null,
        GiveUpAfter = policy.GiveUpAfter,
        GiveUpAfterTime = Milliseconds(policy.GiveUpAfterTime),
    };

    internal static BranchBody Body(BranchOpDefinition branch) => new()
    {
        Id = branch.Id,
        Op = branch.Op,
        Url = branch.Url,
        Payload = branch.Payload.IsEmpty ? default : branch.Payload,
        Created = branch.Created.ToUnixTimeMilliseconds(),
        Policy = Body(branch.Policy),
    };

    private static BranchBody[] Bodies(ReadOnlySpan<BranchOp> branches)
    {
        var bodies = new BranchBody[branches.Length];
        for (var i = 0; i < bodies.Length; i++)
        {
            bodies[i] = Body(branches[i].Definition);
        }

        return bodies;
    }

    private static TransactionDefinition Definition(DefinitionBody body)
    {
        return new TransactionDefinition
        {
            Gid = body.Gid,
            Type = (TransactionType)body.Type,
            Created = Time(body.Created),
            Protocol = body.Protocol ?? DefaultProtocol,
            QueryPrepared = body.QueryPrepared ?? "",
            Query = body.Query is { } query ? Definition(query) : null,
            NoticeUrl = body.NoticeUrl ?? "",
            CustomData = body.CustomData ?? "",
            Options = Options(body.Options),
            Submitted = Time(body.Submitted),
            BranchHeaders = body.BranchHeaders?.ToImmutableDictionary() ?? ImmutableDictionary<string, string>.Empty,
            Tags = TransactionTags.Of(body.Tags),
            Trace = body.TraceParent is { } parent ? new TraceContext(parent, body.TraceState ?? "") : null,
        };
    }

    private static TransactionOptions Options(OptionsBody? body)
    {
        var options = body ?? new OptionsBody();
        return new TransactionOptions
        {
            TimeoutToFail = TimeSpan.FromMilliseconds(options.TimeoutToFail),
            RetryInterval = TimeSpan.FromMilliseconds(options.RetryInterval),
            RetryIntervalNamed = options.RetryIntervalNamed,
            RetryIntervalMax = TimeSpan.FromMilliseconds(options.RetryIntervalMax),
            RequestTimeout = TimeSpan.FromMilliseconds(options.RequestTimeout),
            RetryLimit = options.RetryLimit,
            Concurrent = options.Concurrent,
            WaitResult = options.WaitResult,
            Delay = TimeSpan.FromMilliseconds(options.Delay),
            Orders = options.Orders is null
                ? ImmutableDictionary<int, ImmutableArray<int>>.Empty
                : options.Orders.ToImmutableDictionary(static o => o.Key, static o => ImmutableArray.Create(o.Value)),
            GiveUpAfter = options.GiveUpAfter,
            GiveUpAfterTime = TimeSpan.FromMilliseconds(options.GiveUpAfterTime),
            ResultBytesMax = options.ResultBytesMax,
        };
    }

    private static CallPolicy? Policy(PolicyBody? body) => body is null ? null : new CallPolicy
    {
        RetryLimit = body.RetryLimit,
        RetryInterval = Duration(body.RetryInterval),
        Backoff = (RetryBackoff)body.Backoff,
        RetryIntervalMax = Duration(body.RetryIntervalMax),
        RequestTimeout = Duration(body.RequestTimeout),
        TimeoutToFail = Duration(body.TimeoutToFail),
        Headers = body.Headers?.ToImmutableDictionary(),
        GiveUpAfter = body.GiveUpAfter,
        GiveUpAfterTime = Duration(body.GiveUpAfterTime),
    };

    private static BranchOpDefinition Definition(BranchBody body) =>
        new(body.Id, body.Op, body.Url, body.Payload, Time(body.Created)) { Policy = Policy(body.Policy) };

    private static BranchOp Branch(BranchOpDefinition definition, BranchProgressBody body) => new()
    {
        Definition = definition,
        Status = (BranchStatus)body.Status,
        Started = body.Started,
        InFlight = body.InFlight,
        Attempts = body.Attempts,
        Failures = body.Failures,
        RetryAt = Time(body.RetryAt),
        OrphanedUntil = Time(body.OrphanedUntil),
        Finished = Time(body.Finished),
        LastError = body.LastError,
        History = body.History is null ? [] : [.. body.History.Select(Attempt)],
        FailAt = Time(body.FailAt),
        RetryCount = body.RetryCount,
        GiveUpAt = Time(body.GiveUpAt),
        Parked = body.Parked,
    };

    private static Attempt Attempt(AttemptBody body) => new(
        Time(body.At),
        new TimeSpan(body.Duration * TimeSpan.TicksPerMicrosecond),
        (OutcomeKind)body.Outcome,
        body.Error);

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static long Milliseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMillisecond;

    private static long? Milliseconds(TimeSpan? span) => span is { } value ? Milliseconds(value) : null;

    private static TimeSpan? Duration(long? milliseconds) =>
        milliseconds is { } value ? TimeSpan.FromMilliseconds(value) : null;

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? Time(value) : null;
}
