using System.Data.Common;
using System.Globalization;
using System.Text;
using OrleansDtm.Core;

namespace OrleansDtm.Storage.Databases;

/// <summary>The audit log.</summary>
public abstract partial class DatabaseTransactionStore : IAuditStore
{
    /// <inheritdoc/>
    public Task Append(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(records.Count, AuditRecord.BatchMax);
        if (records.Count == 0)
        {
            return Task.CompletedTask;
        }

        var sql = new StringBuilder(
            "insert into dtm_audit (at, request, action, outcome, gid, caller, detail) values ");
        var parameters = new List<(string, object)>(records.Count * 7);
        for (var i = 0; i < records.Count; i++)
        {
            sql.Append(i == 0 ? "" : ", ")
                .Append(CultureInfo.InvariantCulture, $"(@a{i}, @r{i}, @n{i}, @o{i}, @g{i}, @c{i}, @d{i})");
            var record = records[i];
            Add('a', record.At.ToUnixTimeMilliseconds());
            Add('r', record.IsRequest ? 1L : 0L);
            Add('n', _sql.Key(record.Action));
            Add('o', _sql.Key(record.Outcome));
            Add('g', _sql.Key(record.StoredGid));
            Add('c', _sql.Key(record.Caller));
            Add('d', _sql.Value(AuditDetail.Write(record)));

            void Add(char letter, object value) =>
                parameters.Add((string.Create(CultureInfo.InvariantCulture, $"@{letter}{i}"), value));
        }

        return Change([sql.ToString()], [.. parameters], cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AuditItem>> ListAudit(AuditFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegative(filter.Limit);
        var where = new StringBuilder("1 = 1");
        var parameters = new List<(string, object)> { ("@limit", filter.Limit) };
        AddText("gid", filter.Gid is null ? null : Namespaces.Qualify(filter.Namespace ?? "", filter.Gid));
        AddNamespace();
        AddText("caller", filter.Caller);
        AddText("action", filter.Action);
        AddText("outcome", filter.Outcome);
        Add(filter.From is null ? null : CeilingMilliseconds(filter.From.Value), "at >= @from", "@from");
        Add(filter.To?.ToUnixTimeMilliseconds(), "at <= @to", "@to");
        Add(filter.BeforeId > 0 ? filter.BeforeId : null, "id < @before", "@before");

        // No filter but the gid has an index, so a page may read many rows.
        return await ReadRows(
            "select id, at, request, action, outcome, gid, caller, detail from dtm_audit "
            + $"where {where} order by id desc limit @limit",
            [.. parameters],
            ReadAudit,
            isSlow: true,
            cancellationToken).ConfigureAwait(false);

        void AddNamespace()
        {
            if (filter is { Gid: null, Namespace: "" })
            {
                where.Append(" and ").Append(PageQuery.IsDefault("gid"));
                parameters.AddRange(OtherRange());
            }
            else if (filter is { Gid: null, Namespace: { } space })
            {
                var prefix = Namespaces.Qualify(space, "");
                where.Append(" and gid >= @space and gid < @space_end and gid <> ''");
                parameters.Add(("@space", _sql.Key(prefix)));
                parameters.Add(("@space_end", _sql.Key(TextRange.After(prefix)!)));
            }
        }

        void AddText(string column, string? value)
        {
            // The index has no rows without a gid.
            var isIndexed = column == "gid" && value is { Length: > 0 };
            Add(
                value is null ? null : _sql.Key(value),
                $"{column} = @{column}{(isIndexed ? " and gid <> ''" : "")}",
                $"@{column}");
        }

        void Add(object? value, string condition, string name)
        {
            if (value is not null)
            {
                where.Append(" and ").Append(condition);
                parameters.Add((name, value));
            }
        }
    }

    /// <inheritdoc/>
    public async Task<RetentionSlice> DeleteAudit(
        DateTimeOffset before,
        DateTimeOffset requestsBefore,
        long afterId,
        int limit,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var (operators, requests) = (before.ToUnixTimeMilliseconds(), requestsBefore.ToUnixTimeMilliseconds());
        var youngest = Math.Max(operators, requests);
        var rows = await ReadRows(
            "select id, at, request from dtm_audit where id > @id order by id limit @limit",
            [("@id", afterId), ("@limit", limit)],
            reader => (
                Id: reader.GetInt64(0),
                IsYoung: reader.GetInt64(1) >= youngest,
                IsExpired: reader.GetInt64(1) < (reader.GetInt64(2) != 0 ? requests : operators)),
            false,
            cancellationToken).ConfigureAwait(false);
        var ids = string.Join(',', rows.Where(static r => r.IsExpired).Select(static r => r.Id));
        var deleted = ids.Length == 0
            ? 0
            : await Change([$"delete from dtm_audit where id in ({ids})"], [], cancellationToken).ConfigureAwait(false);
        return new RetentionSlice(deleted, rows.Count < limit || rows.All(static r => r.IsYoung) ? 0 : rows[^1].Id);
    }

    private AuditItem ReadAudit(DbDataReader reader)
    {
        var detail = AuditDetail.Read(_sql.ReadValue(reader, 7));
        var gid = _sql.ReadKey(reader, 5);
        return new AuditItem(reader.GetInt64(0), new AuditRecord
        {
            At = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1)),
            IsRequest = reader.GetInt64(2) != 0,
            Action = _sql.ReadKey(reader, 3),
            Outcome = _sql.ReadKey(reader, 4),
            Gid = Namespaces.Plain(gid),
            Namespace = Namespaces.Of(gid),
            Caller = _sql.ReadKey(reader, 6),
            Kind = detail.Kind ?? "",
            Role = detail.Role ?? "",
            Address = detail.Address ?? "",
            Detail = detail.Detail ?? "",
            Before = detail.Before ?? "",
            After = detail.After ?? "",
        });
    }
}
