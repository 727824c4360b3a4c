using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Admin;

/// <summary>The page of one transaction. Times are UTC, durations seconds unless noted otherwise.</summary>
internal sealed class TransactionDetail
{
    public required DateTime Now { get; init; }

    public required string Gid { get; init; }

    /// <summary>Null = the default one.</summary>
    public string? Namespace { get; init; }

    public required string Type { get; init; }

    public required string Status { get; init; }

    public required bool IsFinal { get; init; }

    /// <summary>A call is put aside.</summary>
    public required bool Parked { get; init; }

    /// <summary>Why it has not ended; null = it has.</summary>
    public WaitingView? Waiting { get; init; }

    /// <summary>32 hexadecimal digits; null = not traced.</summary>
    public string? TraceId { get; init; }

    /// <summary>The trace in another program; null = Admin:TraceUrl is not set.</summary>
    public string? TraceUrl { get; init; }

    public required string Protocol { get; init; }

    public required DateTime Created { get; init; }

    public required DateTime Updated { get; init; }

    public DateTime? Finished { get; init; }

    /// <summary>Due time of the next action; null = none.</summary>
    public DateTime? Due { get; init; }

    public required string Reason { get; init; }

    public required string Result { get; init; }

    public required string CustomData { get; init; }

    /// <summary>Sorted by key.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public required int RetryCount { get; init; }

    /// <summary>Number of writes of the row.</summary>
    public required long Version { get; init; }

    public required TransactionOptionsView Options { get; init; }

    /// <summary>What the submit changed after the prepare.</summary>
    public required IReadOnlyList<ChangeView> Changes { get; init; }

    public required IReadOnlyList<CallView> Calls { get; init; }

    /// <summary>Number of calls; <see cref="Calls"/> may have fewer.</summary>
    public required int CallsTotal { get; init; }

    /// <summary>The call of query_prepared, for a message or to resume a workflow.</summary>
    public CallView? Callback { get; init; }

    /// <summary>The call of callback_url after the end.</summary>
    public CallView? Notice { get; init; }
}

internal sealed class TransactionOptionsView
{
    public required double TimeoutToFail { get; init; }

    public required double RetryInterval { get; init; }

    public required double RetryIntervalMax { get; init; }

    public required double RequestTimeout { get; init; }

    /// <summary>0 = none.</summary>
    public required int RetryLimit { get; init; }

    /// <summary>The transaction keeps what its actions answer.</summary>
    public required bool Results { get; init; }

    /// <summary>Errors in a row; 0 = never.</summary>
    public required int GiveUpAfter { get; init; }

    /// <summary>0 = never.</summary>
    public required double GiveUpAfterSeconds { get; init; }

    public required bool Concurrent { get; init; }

    public required bool WaitResult { get; init; }

    public required double Delay { get; init; }

    public required string QueryPrepared { get; init; }

    public required string NoticeUrl { get; init; }

    /// <summary>Names only: values may be credentials.</summary>
    public required IReadOnlyList<string> BranchHeaders { get; init; }

    /// <summary>Predecessors of each step (0 = the first).</summary>
    public required IReadOnlyDictionary<int, IReadOnlyList<int>> Orders { get; init; }
}

/// <summary>A call and its state.</summary>
internal sealed class CallView
{
    /// <summary>In DTM's order; negative for callback and notice.</summary>
    public required int Index { get; init; }

    public required string BranchId { get; init; }

    public required string Op { get; init; }

    public required string Url { get; init; }

    /// <summary>prepared, succeed or failed.</summary>
    public required string Status { get; init; }

    public required bool Started { get; init; }

    public required bool InFlight { get; init; }

    /// <summary>The call is put aside.</summary>
    public required bool Parked { get; init; }

    /// <summary>What the step sets instead of the transaction's options, as text; null = nothing.</summary>
    public string? Policy { get; init; }

    public required int Attempts { get; init; }

    public DateTime? RetryAt { get; init; }

    public DateTime? Finished { get; init; }

    public string? LastError { get; init; }

    public required IReadOnlyList<CallAttemptView> History { get; init; }

    public required int PayloadBytes { get; init; }

    /// <summary>As text, truncated; null when there is no payload, or it is not text.</summary>
    public string? Payload { get; init; }

    /// <summary>A payload that is not text, as base64, truncated.</summary>
    public string? PayloadBinary { get; init; }

    public required bool PayloadIsCut { get; init; }

    /// <summary>What the action answered, as <see cref="Payload"/>; null = nothing is kept.</summary>
    public CallResultView? Result { get; init; }
}

/// <summary>The result of a step.</summary>
internal sealed class CallResultView
{
    public required int Bytes { get; init; }

    /// <summary>As text, truncated; null when it is empty, or not text.</summary>
    public string? Text { get; init; }

    /// <summary>A result that is not text, as base64, truncated.</summary>
    public string? Binary { get; init; }

    public bool IsCut { get; init; }

    /// <summary>Why the answer is not kept; null = it is.</summary>
    public string? Omitted { get; init; }
}

internal sealed class CallAttemptView
{
    /// <summary>Time of the response.</summary>
    public required DateTime Time { get; init; }

    public required double DurationMs { get; init; }

    /// <summary>succeeded, failed, ongoing, unknown or not sent.</summary>
    public required string Outcome { get; init; }

    public string? Error { get; init; }
}
