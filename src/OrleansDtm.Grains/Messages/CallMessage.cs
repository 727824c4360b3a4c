using OrleansDtm.Core;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Messages;

/// <summary>The serialized form of <see cref="BranchInvocation"/>, without the sender's span.</summary>
[GenerateSerializer, Alias("dtm.call")]
internal struct CallSurrogate
{
    [Id(0)]
    public string Gid;

    /// <summary>The value of Core's enum. Add new values, never change them.</summary>
    [Id(1)]
    public byte Type;

    [Id(2)]
    public string Protocol;

    [Id(3)]
    public string BranchId;

    [Id(4)]
    public string Op;

    [Id(5)]
    public string Url;

    [Id(6)]
    public ReadOnlyMemory<byte> Payload;

    /// <summary>Null = none.</summary>
    [Id(7)]
    public Dictionary<string, string>? Headers;

    [Id(8)]
    public TimeSpan Timeout;

    [Id(9)]
    public int Attempt;

    [Id(10)]
    public string? TraceParent;

    [Id(11)]
    public string? TraceState;

    [Id(12)]
    public int ResultBytesMax;
}

/// <summary>The serialized form of <see cref="CallResult"/>.</summary>
[GenerateSerializer, Alias("dtm.call-result")]
internal struct ResultSurrogate
{
    /// <summary>The value of Core's enum. Add new values, never change them.</summary>
    [Id(0)]
    public byte Outcome;

    /// <summary>Null on success.</summary>
    [Id(1)]
    public string? Error;

    [Id(2)]
    public TimeSpan Duration;

    /// <summary>Zero = the branch sent no Retry-After.</summary>
    [Id(3)]
    public TimeSpan RetryAfter;

    /// <summary>Null = the answer was not asked for.</summary>
    [Id(4)]
    public ReadOnlyMemory<byte>? Answer;

    /// <summary>Why the answer is empty; null = it is complete.</summary>
    [Id(5)]
    public string? AnswerOmitted;
}

[RegisterConverter]
internal sealed class CallConverter : IConverter<BranchInvocation, CallSurrogate>
{
    public CallSurrogate ConvertToSurrogate(in BranchInvocation value) => new()
    {
        Gid = value.Gid,
        Type = (byte)value.Type,
        Protocol = value.Protocol,
        BranchId = value.BranchId,
        Op = value.Op,
        Url = value.Url,
        Payload = value.Payload,
        Headers = value.Headers?.ToDictionary(),
        Timeout = value.Timeout,
        Attempt = value.Attempt,
        TraceParent = value.Trace?.Parent,
        TraceState = value.Trace?.State,
        ResultBytesMax = value.ResultBytesMax,
    };

    public BranchInvocation ConvertFromSurrogate(in CallSurrogate surrogate) => new()
    {
        Gid = surrogate.Gid,
        Type = (TransactionType)surrogate.Type,
        Protocol = surrogate.Protocol,
        BranchId = surrogate.BranchId,
        Op = surrogate.Op,
        Url = surrogate.Url,
        Payload = surrogate.Payload,
        Headers = surrogate.Headers,
        Timeout = surrogate.Timeout,
        Attempt = surrogate.Attempt,
        Trace = surrogate.TraceParent is { } parent ? new TraceContext(parent, surrogate.TraceState ?? "") : null,
        ResultBytesMax = surrogate.ResultBytesMax,
    };
}

[RegisterConverter]
internal sealed class ResultConverter : IConverter<CallResult, ResultSurrogate>
{
    public ResultSurrogate ConvertToSurrogate(in CallResult value) =>
        new()
        {
            Outcome = (byte)value.Outcome.Kind,
            Error = value.Outcome.Error,
            Duration = value.Duration,
            RetryAfter = value.Outcome.RetryAfter,
            Answer = value.Outcome.Answer?.Body,
            AnswerOmitted = value.Outcome.Answer?.Omitted,
        };

    public CallResult ConvertFromSurrogate(in ResultSurrogate surrogate) =>
        new(
            new Outcome((OutcomeKind)surrogate.Outcome, surrogate.Error)
            {
                RetryAfter = surrogate.RetryAfter,
                Answer = surrogate.Answer is { } body ? new StepResult(body, surrogate.AnswerOmitted) : null,
            },
            surrogate.Duration);
}
