using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>
/// The barrier table does not exist, or the user of the connection may not see it. Nothing was done; the coordinator
/// repeats the call.
/// </summary>
public sealed class BarrierTableMissingException : DbException
{
    internal BarrierTableMissingException(string table, DbException error)
        : base(
            $"The barrier table {table} does not exist ({error.Message}). Create it with "
            + "BarrierSchema.CreateAsync(connection), or with the SQL that 'OrleansDtm.Server schema --barrier' "
            + "prints; or name another one in BarrierOptions.Table.",
            error) => Table = table;

    /// <summary>The name, as in <see cref="BarrierOptions.Table"/>.</summary>
    public string Table { get; }

    /// <summary>
    /// Whether a statement on a table failed because there is no such table, schema or database.
    /// </summary>
    internal static bool IsOf(DbException error) =>
        error.SqlState is "42S02" or "42P01" or "3F000"
        || error.Message.Contains("no such table", StringComparison.OrdinalIgnoreCase)
        || error.Message.StartsWith("Unknown database", StringComparison.Ordinal)
        || error.Message.StartsWith("Invalid object name", StringComparison.Ordinal);
}
