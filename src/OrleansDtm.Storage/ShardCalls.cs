namespace OrleansDtm.Storage;

/// <summary>Adds the index of the shard to its errors.</summary>
internal static class ShardCalls
{
    /// <summary>Calls one shard; an error that it is unavailable names its index.</summary>
    public static async Task<T> Ask<T>(
        this IReadOnlyList<ITransactionStore> shards, int number, Func<ITransactionStore, Task<T>> question)
    {
        try
        {
            return await question(shards[number]).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e) when (shards.Count > 1)
        {
            throw new StoreUnavailableException($"{Name(number, shards.Count)} is unavailable: {e.Message}", e);
        }
        catch (StoreSchemaException e) when (shards.Count > 1)
        {
            throw new StoreSchemaException($"{Name(number, shards.Count)}: {e.Message}");
        }
    }

    /// <summary>Asks all shards in parallel.</summary>
    public static Task<T[]> AskAll<T>(
        this IReadOnlyList<ITransactionStore> shards, Func<ITransactionStore, Task<T>> question) =>
        Task.WhenAll(Enumerable.Range(0, shards.Count).Select(number => shards.Ask(number, question)));

    /// <summary>As the settings count them: from 0.</summary>
    private static string Name(int number, int count) => $"Store:Shards:{number} (of {count})";
}
