using System.Data.Common;
using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>Classifies database errors without a reference to the driver.</summary>
internal static class BarrierFaults
{
    /// <summary>The transaction lost a conflict and was rolled back; a retry can succeed at once.</summary>
    public static bool IsConflict(DbException error, BarrierDialect dialect) => dialect switch
    {
        BarrierDialect.MySql => Number(error) is 1213 or 1020, // Deadlock; changed since the snapshot (MariaDB).
        BarrierDialect.PostgreSql => error.SqlState is "40001" or "40P01",
        BarrierDialect.SqlServer => Number(error) is 1205 or 3960,
        _ => false,
    };

    /// <summary>Another transaction holds the row and did not end in time.</summary>
    public static bool IsLockTimeout(DbException error, BarrierDialect dialect) => dialect switch
    {
        BarrierDialect.MySql => Number(error) == 1205,
        BarrierDialect.PostgreSql => error.SqlState == "55P03",
        BarrierDialect.SqlServer => Number(error) == 1222,
        _ => false,
    };

    /// <summary>
    /// Both MySQL drivers put the number into the first entry, both SQL Server drivers into the second.
    /// </summary>
    public static int? Number(DbException error)
    {
        var value = error.Data["Server Error Code"] ?? error.Data["HelpLink.EvtID"];
        return value is null ? null : Convert.ToInt32(value, CultureInfo.InvariantCulture);
    }
}
