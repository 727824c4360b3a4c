namespace OrleansDtm.Core;

/// <summary>The answer of a successful action, kept for the payloads of other calls and for the submitter.</summary>
/// <param name="Body">The body as the service sent it, decompressed; empty if it is omitted.</param>
/// <param name="Omitted">Why the body is not kept; null = it is.</param>
public sealed record StepResult(ReadOnlyMemory<byte> Body, string? Omitted = null)
{
    /// <summary>
    /// All results of a transaction together have at most this many times the maximum of one: they are in memory with
    /// the transaction.
    /// </summary>
    public const int TotalFactor = 16;

    /// <summary>Returns the result of a body that was not kept because it is longer than the maximum.</summary>
    /// <param name="max">The maximum in bytes.</param>
    public static StepResult TooLong(int max) =>
        new(default, FormattableString.Invariant($"it is longer than {max} bytes (Limits:ResultBytesMax)"));

    /// <summary>Returns the result to keep within the bounds of the transaction.</summary>
    /// <param name="draft">The transaction, which keeps results.</param>
    /// <param name="answer">The answer; null = the call has none.</param>
    internal static StepResult? Bounded(Draft draft, StepResult? answer)
    {
        var max = draft.State.Definition.Options.ResultBytesMax;
        if (answer is null || answer.Omitted is not null)
        {
            return answer;
        }

        if (answer.Body.Length > max)
        {
            return TooLong(max);
        }

        long total = answer.Body.Length;
        for (var i = 0; i < draft.Count; i++)
        {
            total += draft[i].Result?.Body.Length ?? 0;
        }

        return total <= (long)max * TotalFactor
            ? answer
            : new StepResult(default, FormattableString.Invariant(
                $"the results of the transaction are longer than {(long)max * TotalFactor} bytes"));
    }
}
