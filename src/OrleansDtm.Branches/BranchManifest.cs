using Orleans.Metadata;

namespace OrleansDtm.Branches;

/// <summary>Kinds of grain keys. The names are exchanged between silos: they are only added.</summary>
public enum BranchKeyKind
{
    None = 0,
    Text = 1,
    Integer = 2,
    Guid = 3,
}

/// <summary>
/// Announces the branch grains of a silo to the others: a property of the grain type in Orleans' manifest, named
/// <c>dtm.branch.</c> and the grain's name, with the value <c>Text:Deposit,Withdraw</c>. Silos of different versions
/// read it, so the format must not change.
/// </summary>
public static class BranchManifest
{
    private const string Prefix = "dtm.branch.";

    /// <summary>Whether a property of a grain type is such an announcement.</summary>
    /// <param name="property">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="name">The grain's name in URLs.</param>
    /// <param name="key">Kind of the key; None when this version does not know it.</param>
    /// <param name="methods">The methods that may be called.</param>
    public static bool TryRead(
        string property, string value, out string name, out BranchKeyKind key, out string[] methods)
    {
        ArgumentNullException.ThrowIfNull(property);
        ArgumentNullException.ThrowIfNull(value);
        (name, key, methods) = ("", BranchKeyKind.None, []);
        if (!property.StartsWith(Prefix, StringComparison.Ordinal)
            || value.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon))
        {
            return false;
        }

        name = property[Prefix.Length..];
        key = Enum.TryParse<BranchKeyKind>(value[..colon], out var known) ? known : BranchKeyKind.None;
        methods = value[(colon + 1)..].Split(',');
        return true;
    }

    internal static (string Property, string Value) Write(RegisteredGrain grain) =>
        (Prefix + grain.Name, $"{grain.KeyKind}:{string.Join(',', grain.Methods.Order(StringComparer.Ordinal))}");

    /// <summary>Writes the properties to this silo's manifest.</summary>
    internal sealed class Provider(BranchGrains registered) : IGrainPropertiesProvider
    {
        public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            foreach (var grain in registered.All.Where(grain => grain.Type.IsAssignableFrom(grainClass)))
            {
                var (property, value) = Write(grain);
                properties[property] = value;
            }
        }
    }
}
