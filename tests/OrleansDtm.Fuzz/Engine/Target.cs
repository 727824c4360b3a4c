namespace OrleansDtm.Fuzz.Engine;

/// <summary>Something that must bear any input.</summary>
/// <param name="name">As in <c>--target</c>.</param>
/// <param name="seeds">Inputs it understands, of which others are made. Not empty.</param>
public abstract class Target(string name, IReadOnlyList<byte[]> seeds)
{
    public string Name => name;

    public IReadOnlyList<byte[]> Seeds => seeds;

    /// <summary>Its share of the time.</summary>
    public virtual int Weight => 1;

    /// <returns>What is wrong; null = nothing.</returns>
    /// <exception cref="Exception">Anything that escapes is a finding too.</exception>
    public abstract Task<string?> Try(byte[] input, CancellationToken cancel);
}

/// <summary>A parser: what it refuses, it refuses with one of a few exceptions.</summary>
/// <param name="parse">Takes the input to pieces.</param>
/// <param name="refusals">The types of exceptions that callers expect.</param>
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
            // Refused, as it should be.
        }

        return Task.FromResult<string?>(null);
    }
}

/// <param name="Target">Where.</param>
/// <param name="What">What happened.</param>
/// <param name="Input">By which input; empty = it is not known.</param>
public sealed record Finding(string Target, string What, byte[] Input);
