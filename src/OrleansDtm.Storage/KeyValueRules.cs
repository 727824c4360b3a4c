namespace OrleansDtm.Storage;

/// <summary>What may be written to an <see cref="IKeyValueStore"/>, the same for every database.</summary>
internal static class KeyValueRules
{
    private const int CategoryMax = 45;
    private const int KeyMax = 128;

    /// <exception cref="ArgumentException">An error of the program, not of the database.</exception>
    public static void Check(string category, string key, long expectedVersion)
    {
        ExactText.Check("A category", category, CategoryMax);
        ExactText.Check("A key", key, KeyMax);
        ArgumentOutOfRangeException.ThrowIfNegative(expectedVersion);
    }
}
