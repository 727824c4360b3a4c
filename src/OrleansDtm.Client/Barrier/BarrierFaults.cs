using System.Data.Common;
using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>What an error of a database says, without a reference to its driver.</summary>
internal static class BarrierFaults
{
    /// <summary>The transaction lost against another one and is undone; the same may go well at once.</summary>
    public static bool IsConflict(DbException error, BarrierDialect dialect) => dialect switch
    {
        BarrierDialect.MySql => Number(error) is 1213 or 1020, // Deadlock; changed since the snapshot (MariaDB).
        BarrierDialect.PostgreSql => error.SqlState is "40001" or "40P01",
        BarrierDialect.SqlServer => Number(error) is 1205 or 3960,
        _ => false,
    };

    /// <summary>Another transaction holds the row and does not end.</summary>
    public static bool IsLockTimeout(DbException error, BarrierDialect dialect) => dialect switch
    {
        BarrierDialect.MySql => Number(error) == 1205,
        BarrierDialect.PostgreSql => error.SqlState == "55P03",
        BarrierDialect.SqlServer => Number(error) == 1222,
        _ => false,
    };

    /// <summary>Both MySQL drivers put the number into the first entry, both of SQL Server into the second.</summary>
    public static int? Number(DbException error)
    {
        var value = error.Data["Server Error Code"] ?? error.Data["HelpLink.EvtID"];
        return value is null ? null : Convert.ToInt32(value, CultureInfo.InvariantCulture);
    }
}
