using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Turns what came back of a call into an outcome.</summary>
internal delegate Outcome AnswerRules(in ServiceAnswer answer);

/// <summary>What came back of a call over HTTP.</summary>
/// <param name="status">HTTP's.</param>
/// <param name="body">The first bytes of the body, decompressed.</param>
internal readonly ref struct ServiceAnswer(int status, ReadOnlySpan<byte> body)
{
    public int Status { get; } = status;

    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary>Nothing follows <see cref="Body"/>.</summary>
    public bool IsWhole { get; init; } = true;

    /// <summary>ONGOING stands somewhere in the body, of which <see cref="Body"/> may be the beginning only.</summary>
    public bool SaysOngoing { get; init; }

    /// <summary>FAILURE does.</summary>
    public bool SaysFailure { get; init; }

    /// <summary>Why the body could not be read to its end; null = it was.</summary>
    public string? Broken { get; init; }

    /// <summary>An answer whose body is all there.</summary>
    public static ServiceAnswer Of(int status, ReadOnlySpan<byte> body)
    {
        var words = default(WordScan);
        words.Read(body);
        return new ServiceAnswer(status, body) { SaysOngoing = words.SaysOngoing, SaysFailure = words.SaysFailure };
    }
}
