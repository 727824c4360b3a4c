namespace OrleansDtm.Fuzz.Engine;

/// <summary>A target that must handle any input.</summary>
/// <param name="name">The name in <c>--target</c>.</param>
/// <param name="seeds">Valid inputs from which others are created. Not empty.</param>
public abstract class Target(string name, IReadOnlyList<byte[]> seeds)
{
    public string Name => name;

    public IReadOnlyList<byte[]> Seeds => seeds;

    /// <summary>The relative share of the time.</summary>
    public virtual int Weight => 1;

    /// <returns>A description of the problem; null = none.</returns>
    /// <exception cref="Exception">An exception is a finding too.</exception>
    public abstract Task<string?> Try(byte[] input, CancellationToken cancel);
}

/// <summary>A parser. It may reject an input only with one of a few exception types.</summary>
/// <param name="parse">Parses the input.</param>
/// <param name="refusals">The exception types that callers expect.</param>
public sealed class ParserTarget(string name, IReadOnlyList<byte[]> seeds, Action<byte[]> parse, params Type[] refusals)
    : Target(name, seeds)
{
    public override Task<string?> Try(byte[] input, CancellationToken cancel)
    {
        try
        {
            parse(input);
        }
        catch (Exception e) when (refusals.Any(r => r.IsInstanceOfType(e)))
        {
            // An expected rejection.
        }

        return Task.FromResult<string?>(null);
    }
}

/// <param name="Target">The target's name.</param>
/// <param name="What">A description of the problem.</param>
/// <param name="Input">The input; empty = unknown.</param>
public sealed record Finding(string Target, string What, byte[] Input);
