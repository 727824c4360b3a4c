using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>Tags that a submitter gives a transaction, to find it by.</summary>
public static class TransactionTags
{
    /// <summary>The maximum number of tags of a transaction.</summary>
    public const int CountMax = 8;

    /// <summary>The maximum length of a key, in UTF-16 characters.</summary>
    public const int KeyMax = 64;

    /// <summary>The maximum length of a value, in UTF-16 characters.</summary>
    public const int ValueMax = 128;

    /// <summary>Separates key and value in the stored form and in a search; no key contains it.</summary>
    public const char Separator = ':';

    /// <summary>Separates tags in a list of them; neither keys nor values contain it.</summary>
    public const char ListSeparator = ',';

    /// <summary>No tags; sorted by key, bytewise.</summary>
    public static ImmutableSortedDictionary<string, string> None { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Returns a tag as stores index it and as a search names it: <c>key:value</c>.</summary>
    public static string Text(string key, string value) => $"{key}{Separator}{value}";

    /// <summary>Creates a set of tags; null = none.</summary>
    public static ImmutableSortedDictionary<string, string> Of(IEnumerable<KeyValuePair<string, string>>? tags) =>
        tags is null ? None : None.AddRange(tags);

    /// <summary>Returns true if both sets have the same keys and values.</summary>
    internal static bool Same(
        ImmutableSortedDictionary<string, string> tags, ImmutableSortedDictionary<string, string> others) =>
        ReferenceEquals(tags, others) || tags.SequenceEqual(others);
}
