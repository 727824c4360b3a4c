using System.Data.Common;
using System.Globalization;
using System.Text;

namespace OrleansDtm.Import;

/// <summary>Reads columns by name. A column that an older DTM lacks reads as empty.</summary>
/// <param name="reader">Positioned on a row.</param>
/// <param name="zone">The time zone of times without one.</param>
internal sealed class DtmRowReader(DbDataReader reader, TimeZoneInfo zone)
{
    private readonly Dictionary<string, int> _columns = Enumerable.Range(0, reader.FieldCount)
        .ToDictionary(reader.GetName, static i => i, StringComparer.OrdinalIgnoreCase);

    /// <summary>A value that cannot be read is the row's problem, and does not stop the import.</summary>
    public DtmTransaction Transaction()
    {
        try
        {
            return WholeTransaction();
        }
        catch (Exception e) when (IsOfValue(e))
        {
            // Throws again if the connection is lost.
            return new DtmTransaction
            {
                Id = Whole("id"),
                Gid = Text("gid"),
                Type = Text("trans_type"),
                Status = Text("status"),
                Problem = e.Message,
            };
        }
    }

    /// <inheritdoc cref="Transaction"/>
    public DtmBranch Branch()
    {
        try
        {
            return WholeBranch();
        }
        catch (Exception e) when (IsOfValue(e))
        {
            return new DtmBranch
            {
                Gid = Text("gid"),
                BranchId = Text("branch_id"),
                Op = Text("op"),
                Status = Text("status"),
                Problem = e.Message,
            };
        }
    }

    private static bool IsOfValue(Exception e) =>
        e is DbException or InvalidCastException or ArgumentException or FormatException or OverflowException;

    private DtmTransaction WholeTransaction() => new()
    {
        Id = Whole("id"),
        Gid = Text("gid"),
        Type = Text("trans_type"),
        Status = Text("status"),
        QueryPrepared = Text("query_prepared"),
        Protocol = Text("protocol"),
        Options = Text("options"),
        CustomData = Text("custom_data"),
        ExtData = Text("ext_data"),
        Result = Text("result"),
        RollbackReason = Text("rollback_reason"),
        Created = Moment("create_time"),
        Updated = Moment("update_time"),
        NextTry = Moment("next_cron_time"),
        NextInterval = Whole("next_cron_interval"),
    };

    private DtmBranch WholeBranch() => new()
    {
        Gid = Text("gid"),
        BranchId = Text("branch_id"),
        Op = Text("op"),
        Status = Text("status"),
        Url = Text("url"),
        Data = Value("bin_data") is byte[] { Length: > 0 } bytes ? bytes : Encoding.UTF8.GetBytes(Text("data")),
        Created = Moment("create_time"),
        Finished = Moment("finish_time"),
    };

    public DtmTopic Topic() => new(Whole("id"), Text("k"), Text("v"));

    public long Whole(string column) =>
        Value(column) is { } value ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;

    public DateTimeOffset? Moment(string column)
    {
        if (Value(column) is not DateTime moment || moment == DateTime.MinValue) // MySQL's 0000-00-00.
        {
            return null;
        }

        return moment.Kind == DateTimeKind.Utc
            ? moment
            : new DateTimeOffset(moment, zone.GetUtcOffset(moment)).ToUniversalTime();
    }

    private string Text(string column) => Value(column) switch
    {
        null => "",
        string text => text,
        var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };

    private object? Value(string column) =>
        _columns.TryGetValue(column, out var i) && !reader.IsDBNull(i) ? reader.GetValue(i) : null;
}
