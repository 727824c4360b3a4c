using System.Text.Json.Serialization;

namespace OrleansDtm.Storage;

// The stored JSON. Names and numbers are permanent: members may be added but never renamed, and a missing one must keep
// the meaning of a row from before it existed. Times are ms since 1970 UTC, durations ms unless stated, enums numbers.

internal sealed class DefinitionBody
{
    [JsonPropertyName("g")] public string Gid { get; set; } = "";

    [JsonPropertyName("t")] public int Type { get; set; }

    [JsonPropertyName("c")] public long Created { get; set; }

    /// <summary>Null = http.</summary>
    [JsonPropertyName("p")] public string? Protocol { get; set; }

    [JsonPropertyName("q")] public string? QueryPrepared { get; set; }

    [JsonPropertyName("k")] public BranchBody? Query { get; set; }

    [JsonPropertyName("n")] public string? NoticeUrl { get; set; }

    [JsonPropertyName("d")] public string? CustomData { get; set; }

    [JsonPropertyName("o")] public OptionsBody? Options { get; set; }

    [JsonPropertyName("h")] public Dictionary<string, string>? BranchHeaders { get; set; }

    [JsonPropertyName("b")] public BranchBody[]? Branches { get; set; }

    /// <summary>traceparent; null = no trace.</summary>
    [JsonPropertyName("tp")] public string? TraceParent { get; set; }

    [JsonPropertyName("ts")] public string? TraceState { get; set; }

    /// <summary>Null = at its creation.</summary>
    [JsonPropertyName("s")] public long? Submitted { get; set; }

    /// <summary>Null = none.</summary>
    [JsonPropertyName("tg")] public Dictionary<string, string>? Tags { get; set; }

    /// <summary>See <see cref="ResultsBody.Results"/>.</summary>
    [JsonPropertyName("rs")] public Dictionary<int, ResultBody>? Results { get; set; }
}

/// <summary>
/// What a submit changed after its prepare: it replaces the whole definition. With it the branches that the same write
/// added. A write that only added branches stores an array of them instead.
/// </summary>
internal sealed class AmendmentBody
{
    [JsonPropertyName("o")] public OptionsBody? Options { get; set; }

    [JsonPropertyName("h")] public Dictionary<string, string>? BranchHeaders { get; set; }

    [JsonPropertyName("d")] public string? CustomData { get; set; }

    [JsonPropertyName("n")] public string? NoticeUrl { get; set; }

    [JsonPropertyName("s")] public long? Submitted { get; set; }

    [JsonPropertyName("b")] public BranchBody[]? Branches { get; set; }

    [JsonPropertyName("tg")] public Dictionary<string, string>? Tags { get; set; }

    /// <summary>See <see cref="ResultsBody.Results"/>.</summary>
    [JsonPropertyName("rs")] public Dictionary<int, ResultBody>? Results { get; set; }
}

/// <summary>The results that a write added. Each is stored once, not again with each change of the progress.</summary>
internal sealed class ResultsBody
{
    /// <summary>By the index of the branch.</summary>
    [JsonPropertyName("rs")] public Dictionary<int, ResultBody>? Results { get; set; }

    /// <summary>The branches that the same write added.</summary>
    [JsonPropertyName("b")] public BranchBody[]? Branches { get; set; }
}

internal sealed class ResultBody
{
    [JsonPropertyName("d")] public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Why the body is not stored; null = it is.</summary>
    [JsonPropertyName("m")] public string? Omitted { get; set; }
}

internal sealed class OptionsBody
{
    [JsonPropertyName("f")] public long TimeoutToFail { get; set; }

    [JsonPropertyName("r")] public long RetryInterval { get; set; }

    /// <summary>The submitter set the retry interval.</summary>
    [JsonPropertyName("g")] public bool RetryIntervalNamed { get; set; }

    [JsonPropertyName("m")] public long RetryIntervalMax { get; set; }

    [JsonPropertyName("q")] public long RequestTimeout { get; set; }

    [JsonPropertyName("l")] public int RetryLimit { get; set; }

    [JsonPropertyName("c")] public bool Concurrent { get; set; }

    [JsonPropertyName("w")] public bool WaitResult { get; set; }

    [JsonPropertyName("d")] public long Delay { get; set; }

    [JsonPropertyName("o")] public Dictionary<int, int[]>? Orders { get; set; }

    /// <summary>Consecutive errors; 0 = never.</summary>
    [JsonPropertyName("a")] public int GiveUpAfter { get; set; }

    [JsonPropertyName("t")] public long GiveUpAfterTime { get; set; }

    /// <summary>Bytes; 0 = results are not kept.</summary>
    [JsonPropertyName("x")] public int ResultBytesMax { get; set; }
}

internal sealed class BranchBody
{
    [JsonPropertyName("i")] public string Id { get; set; } = "";

    [JsonPropertyName("o")] public string Op { get; set; } = "";

    [JsonPropertyName("u")] public string Url { get; set; } = "";

    [JsonPropertyName("p")] public ReadOnlyMemory<byte> Payload { get; set; }

    [JsonPropertyName("c")] public long Created { get; set; }

    [JsonPropertyName("x")] public PolicyBody? Policy { get; set; }
}

/// <summary>What a step sets for one of its calls; null = the transaction's.</summary>
internal sealed class PolicyBody
{
    [JsonPropertyName("l")] public int? RetryLimit { get; set; }

    [JsonPropertyName("r")] public long? RetryInterval { get; set; }

    [JsonPropertyName("b")] public int Backoff { get; set; }

    [JsonPropertyName("m")] public long? RetryIntervalMax { get; set; }

    [JsonPropertyName("q")] public long? RequestTimeout { get; set; }

    [JsonPropertyName("f")] public long? TimeoutToFail { get; set; }

    [JsonPropertyName("h")] public Dictionary<string, string>? Headers { get; set; }

    [JsonPropertyName("a")] public int? GiveUpAfter { get; set; }

    [JsonPropertyName("t")] public long? GiveUpAfterTime { get; set; }
}

internal sealed class ProgressBody
{
    [JsonPropertyName("b")] public BranchProgressBody[]? Branches { get; set; }

    [JsonPropertyName("k")] public BranchProgressBody? Query { get; set; }

    [JsonPropertyName("a")] public NoticeBody? Notice { get; set; }

    [JsonPropertyName("r")] public string? RollbackReason { get; set; }

    [JsonPropertyName("x")] public string? Result { get; set; }

    [JsonPropertyName("n")] public int RetryCount { get; set; }

    [JsonPropertyName("h")] public long? Hurried { get; set; }

    [JsonPropertyName("w")] public long? WakeAt { get; set; }

    [JsonPropertyName("l")] public long? LeaseUntil { get; set; }
}

internal sealed class BranchProgressBody
{
    [JsonPropertyName("s")] public int Status { get; set; }

    [JsonPropertyName("t")] public bool Started { get; set; }

    [JsonPropertyName("i")] public bool InFlight { get; set; }

    [JsonPropertyName("n")] public int Attempts { get; set; }

    [JsonPropertyName("f")] public int Failures { get; set; }

    [JsonPropertyName("r")] public long? RetryAt { get; set; }

    [JsonPropertyName("o")] public long? OrphanedUntil { get; set; }

    [JsonPropertyName("e")] public long? Finished { get; set; }

    [JsonPropertyName("m")] public string? LastError { get; set; }

    [JsonPropertyName("h")] public AttemptBody[]? History { get; set; }

    [JsonPropertyName("d")] public long? FailAt { get; set; }

    [JsonPropertyName("c")] public int RetryCount { get; set; }

    [JsonPropertyName("g")] public long? GiveUpAt { get; set; }

    [JsonPropertyName("p")] public bool Parked { get; set; }
}

/// <summary>The notice, the call after the end, with its definition, which is not known before.</summary>
internal sealed class NoticeBody
{
    [JsonPropertyName("d")] public BranchBody Definition { get; set; } = new();

    [JsonPropertyName("p")] public BranchProgressBody Progress { get; set; } = new();
}

internal struct AttemptBody
{
    [JsonPropertyName("a")] public long At { get; set; }

    /// <summary>Microseconds.</summary>
    [JsonPropertyName("d")] public long Duration { get; set; }

    [JsonPropertyName("o")] public int Outcome { get; set; }

    [JsonPropertyName("e")] public string? Error { get; set; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(DefinitionBody))]
[JsonSerializable(typeof(AmendmentBody))]
[JsonSerializable(typeof(BranchBody[]))]
[JsonSerializable(typeof(ResultsBody))]
[JsonSerializable(typeof(ProgressBody))]
internal sealed partial class PersistedJson : JsonSerializerContext;
