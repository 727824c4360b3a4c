using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Converts the response of a call to an outcome.</summary>
internal delegate Outcome AnswerRules(in ServiceAnswer answer);

/// <summary>An HTTP response.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="body">The first bytes of the body, decompressed.</param>
internal readonly ref struct ServiceAnswer(int status, ReadOnlySpan<byte> body)
{
    public int Status { get; } = status;

    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary><see cref="Body"/> is complete.</summary>
    public bool IsWhole { get; init; } = true;

    /// <summary>The first bytes of the body, without a copy, for a result.</summary>
    public StepResult Result(int max) =>
        IsWhole && Body.Length <= max ? new StepResult(Body.ToArray()) : StepResult.TooLong(max);

    /// <summary>ONGOING is in the body; <see cref="Body"/> may be only its beginning.</summary>
    public bool SaysOngoing { get; init; }

    /// <summary>FAILURE is in the body.</summary>
    public bool SaysFailure { get; init; }

    /// <summary>Why the body is incomplete; null = it is complete.</summary>
    public string? Broken { get; init; }

    /// <summary>A response with a complete body.</summary>
    public static ServiceAnswer Of(int status, ReadOnlySpan<byte> body)
    {
        var words = default(WordScan);
        words.Read(body);
        return new ServiceAnswer(status, body) { SaysOngoing = words.SaysOngoing, SaysFailure = words.SaysFailure };
    }
}
