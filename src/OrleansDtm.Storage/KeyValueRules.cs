namespace OrleansDtm.Storage;

/// <summary>The rules of an <see cref="IKeyValueStore"/>, the same for every database.</summary>
internal static class KeyValueRules
{
    private const int CategoryMax = 45;
    private const int KeyMax = 128;

    /// <exception cref="ArgumentException">A bug of the program, not a fault of the database.</exception>
    public static void Check(string category, string key, long expectedVersion)
    {
        ExactText.Check("A category", category, CategoryMax);
        ExactText.Check("A key", key, KeyMax);
        ArgumentOutOfRangeException.ThrowIfNegative(expectedVersion);
    }
}
