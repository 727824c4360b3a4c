using System.Text.Json;

namespace OrleansDtm.Branches;

/// <summary>A grain interface whose methods may be branches.</summary>
internal sealed class RegisteredGrain
{
    private readonly Dictionary<string, BranchMethod> _methods;

    /// <param name="type">The interface.</param>
    /// <param name="name">Its name in URLs.</param>
    /// <param name="only">Methods that may be called; null = all that can be.</param>
    /// <param name="json">Options for payloads.</param>
    /// <exception cref="ArgumentException">It cannot be called by URL.</exception>
    public RegisteredGrain(Type type, string name, IEnumerable<string>? only, JsonSerializerOptions json)
    {
        if (!type.IsInterface || type.IsGenericType)
        {
            throw new ArgumentException(
                $"{type} is not a plain grain interface, so it cannot be called by URL.", nameof(type));
        }

        if (name.Length == 0 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            throw new ArgumentException(
                $"'{name}' cannot be the name of a grain in a URL: letters, digits, dots, _ and - only.", nameof(name));
        }

        Type = type;
        Name = name;
        KeyKind = Kind(type);
        var wanted = only?.ToHashSet();
        var found = type.GetInterfaces().Append(type)
            .SelectMany(static t => t.GetMethods())
            .Where(method => (wanted is null || wanted.Contains(method.Name)) && BranchMethod.Fits(method))
            .ToLookup(static method => method.Name);
        if (found.FirstOrDefault(static overloads => overloads.Count() > 1) is { } ambiguous)
        {
            throw new ArgumentException($"{type}.{ambiguous.Key} is overloaded, so a URL cannot tell which one it "
                + "means. Name the methods to register.", nameof(type));
        }

        if ((wanted?.FirstOrDefault(method => !found.Contains(method)) ?? (found.Count == 0 ? "method" : null))
            is { } missing)
        {
            throw new ArgumentException(
                $"{type} has no {missing} that can be a branch: Task M([T payload][, BranchContext context][, "
                + "CancellationToken token]), or Task<T>, or ValueTask.",
                nameof(type));
        }

        _methods = found.ToDictionary(
            static group => group.Key, group => new BranchMethod(type, group.Single(), json), StringComparer.Ordinal);
    }

    public Type Type { get; }

    public string Name { get; }

    public BranchKeyKind KeyKind { get; }

    public IEnumerable<string> Methods => _methods.Keys;

    /// <summary>Null = not registered.</summary>
    public BranchMethod? Find(string method) => _methods.GetValueOrDefault(method);

    private static BranchKeyKind Kind(Type type) =>
        typeof(IGrainWithStringKey).IsAssignableFrom(type) ? BranchKeyKind.Text
        : typeof(IGrainWithIntegerKey).IsAssignableFrom(type) ? BranchKeyKind.Integer
        : typeof(IGrainWithGuidKey).IsAssignableFrom(type) ? BranchKeyKind.Guid
        : throw new ArgumentException($"{type} is not an IGrainWithStringKey, IGrainWithIntegerKey or "
            + "IGrainWithGuidKey, so a URL cannot have its key.", nameof(type));
}
