using System.Globalization;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Audit;

/// <summary>Converts stored records to the answer of the API.</summary>
internal static class AuditPages
{
    public static AuditView Of(IReadOnlyList<AuditItem> page, int limit) => new()
    {
        Records = [.. page.Select(Of)],
        NextPosition = page.Count < limit ? "" : page[^1].Id.ToString(CultureInfo.InvariantCulture),
    };

    private static AuditRecordView Of(AuditItem item) => new()
    {
        Id = item.Id,
        Time = item.Record.At.UtcDateTime,
        Action = item.Record.Action,
        Outcome = item.Record.Outcome,
        Gid = item.Record.Gid,
        Namespace = item.Record.Namespace.Length > 0 ? item.Record.Namespace : null,
        Caller = item.Record.Caller,
        Kind = item.Record.Kind,
        Role = item.Record.Role,
        Address = item.Record.Address,
        Before = item.Record.Before,
        After = item.Record.After,
        Detail = item.Record.Detail,
    };
}
