using OrleansDtm.Abstractions;

namespace OrleansDtm.Branches;

/// <summary>The registered grain interfaces of this silo, by name.</summary>
internal sealed class BranchGrains
{
    private readonly Dictionary<string, RegisteredGrain> _byName = new(StringComparer.Ordinal);

    public IEnumerable<RegisteredGrain> All => _byName.Values;

    /// <exception cref="ArgumentException">Another interface has the name.</exception>
    public void Add(RegisteredGrain grain)
    {
        if (_byName.TryGetValue(grain.Name, out var other) && other.Type != grain.Type)
        {
            throw new ArgumentException($"Both {other.Type} and {grain.Type} would be called "
                + $"{BranchUrl.Scheme}{grain.Name}: give one of them an alias.");
        }

        _byName[grain.Name] = grain;
    }

    /// <summary>Null = not registered.</summary>
    public RegisteredGrain? Find(string name) => _byName.GetValueOrDefault(name);
}
