using System.Text;

namespace OrleansDtm.Storage;

public sealed partial class InMemoryTransactionStore : IKeyValueStore
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Dictionary<(string Category, string Key), KeyValueItem> _items = [];
    private long _lastItemId;

    /// <inheritdoc/>
    public Task<KeyValueItem?> Get(string category, string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult(_items.GetValueOrDefault((category, key)));
        }
    }

    /// <inheritdoc/>
    public Task<WriteResult> Put(
        string category, string key, string value, long expectedVersion, CancellationToken cancellationToken)
    {
        KeyValueRules.Check(category, key, expectedVersion);
        cancellationToken.ThrowIfCancellationRequested();
        var stored = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value)); // As a database would return it.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_clock.GetUtcNow().ToUnixTimeMilliseconds());
        lock (_gate)
        {
            _items.TryGetValue((category, key), out var item);
            if ((item?.Version ?? 0) != expectedVersion)
            {
                return Task.FromResult(WriteResult.Conflict);
            }

            _items[(category, key)] = item is null
                ? new KeyValueItem(++_lastItemId, category, key, stored, 1, now, now)
                : item with { Value = stored, Version = expectedVersion + 1, Updated = now };
            return Task.FromResult(WriteResult.Written);
        }
    }

    /// <inheritdoc/>
    public Task<WriteResult> Delete(
        string category, string key, long expectedVersion, CancellationToken cancellationToken)
    {
        KeyValueRules.Check(category, key, expectedVersion);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            var isIt = _items.TryGetValue((category, key), out var item) && item.Version == expectedVersion;
            return Task.FromResult(isIt && _items.Remove((category, key)) ? WriteResult.Written : WriteResult.Conflict);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyValueItem>> Scan(
        string category, long beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<KeyValueItem>>(
            [
                .. _items.Values
                    .Where(i => i.Category == category && (beforeId <= 0 || i.Id < beforeId))
                    .OrderByDescending(static i => i.Id).Take(limit),
            ]);
        }
    }
}
