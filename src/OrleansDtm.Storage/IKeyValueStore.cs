namespace OrleansDtm.Storage;

/// <summary>
/// Small named values that are not transactions: topics (category <c>topics</c>). Few and rarely written. Throws
/// <see cref="StoreUnavailableException"/> like <see cref="ITransactionStore"/>.
/// </summary>
public interface IKeyValueStore
{
    /// <summary>The value as last written; null = there is none.</summary>
    Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken);

    /// <summary>Writes a value if the stored one has the expected version.</summary>
    /// <param name="category">At most 45 characters.</param>
    /// <param name="key">At most 128 characters, compared bytewise.</param>
    /// <param name="value">Any text.</param>
    /// <param name="expectedVersion">0 = there must be none.</param>
    Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Deletes a value if the stored one has the expected version.</summary>
    Task<WriteResult> Delete(string category, string key, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>A page of a category, the newest first.</summary>
    /// <param name="beforeId">Only ids below this one; 0 = from the newest.</param>
    Task<IReadOnlyList<KeyValueItem>> Scan(
        string category, long beforeId, int limit, CancellationToken cancellationToken);
}

/// <param name="Id">The store's own number, which grows; scans page by it.</param>
/// <param name="Version">1 for the first write, one more for each further one.</param>
public sealed record KeyValueItem(
    long Id, string Category, string Key, string Value, long Version, DateTimeOffset Created, DateTimeOffset Updated);
