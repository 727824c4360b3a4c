namespace OrleansDtm.Storage;

public sealed partial class InMemoryTransactionStore : IAuditStore
{
    private readonly List<AuditItem> _audit = [];
    private long _lastAuditId;

    /// <inheritdoc/>
    public Task Append(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(records.Count, AuditRecord.BatchMax);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            foreach (var record in records)
            {
                var at = DateTimeOffset.FromUnixTimeMilliseconds(record.At.ToUnixTimeMilliseconds());
                _audit.Add(new AuditItem(++_lastAuditId, record with { At = at }));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<AuditItem>> ListAudit(AuditFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            var found =
                from item in _audit
                let record = item.Record
                where (filter.Gid is null || record.Gid == filter.Gid)
                    && (filter.Namespace is null || record.Namespace == filter.Namespace)
                    && (filter.Caller is null || record.Caller == filter.Caller)
                    && (filter.Action is null || record.Action == filter.Action)
                    && (filter.Outcome is null || record.Outcome == filter.Outcome)
                    && !(record.At < filter.From)
                    && !(record.At > filter.To)
                    && (filter.BeforeId <= 0 || item.Id < filter.BeforeId)
                orderby item.Id descending
                select item;
            return Task.FromResult<IReadOnlyList<AuditItem>>([.. found.Take(filter.Limit)]);
        }
    }

    /// <inheritdoc/>
    public Task<RetentionSlice> DeleteAudit(
        DateTimeOffset before,
        DateTimeOffset requestsBefore,
        long afterId,
        int limit,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            var rows = _audit.Where(i => i.Id > afterId).Take(limit).ToArray();
            var expired = rows
                .Where(i => i.Record.At < (i.Record.IsRequest ? requestsBefore : before))
                .Select(static i => i.Id)
                .ToHashSet();
            _audit.RemoveAll(i => expired.Contains(i.Id));
            var youngest = before > requestsBefore ? before : requestsBefore;
            var isEnd = rows.Length < limit || rows.All(i => i.Record.At >= youngest);
            return Task.FromResult(new RetentionSlice(expired.Count, isEnd ? 0 : rows[^1].Id));
        }
    }
}
