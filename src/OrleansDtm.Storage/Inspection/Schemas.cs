using System.Data.Common;

namespace OrleansDtm.Storage.Inspection;

/// <summary>The version of a schema, read without changing it.</summary>
internal static class Schemas
{
    /// <returns>0 = there is none.</returns>
    public static long Read(DbConnection connection, Func<DbException, bool> isNoTable)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "select coalesce(max(version), 0) from dtm_schema";
        try
        {
            return Convert.ToInt64(command.ExecuteScalar(), null);
        }
        catch (DbException e) when (isNoTable(e))
        {
            return 0;
        }
    }

    public static int Known(string dialect) => SchemaScripts.For(dialect)[^1].Version;

    public static Finding Judge(string dialect, long found)
    {
        var known = Known(dialect);
        return found == known ? Finding.Good($"schema version {found}, as this program has it")
            : found == 0 ? Finding.Note($"there are no tables yet; the first start makes them (version {known})")
            : found < known ? Finding.Note($"schema version {found}; the next start brings it to {known}, and versions before this one do not start on it any more: back up first")
            : Finding.Problem($"schema version {found}, and this program knows up to {known}: run the newer OrleansDtm that made it, or restore the backup from before");
    }

    /// <summary>For who only reads: nothing may be migrated on the way.</summary>
    /// <exception cref="StoreSchemaException">It is not exactly the one this program reads.</exception>
    public static void Require(string dialect, long found, string where)
    {
        if (found != Known(dialect))
        {
            throw new StoreSchemaException(
                found == 0
                    ? $"There are no transactions in {where}: it has no tables yet. [ODTM2014]"
                    : $"{where} has schema version {found} and this program reads version {Known(dialect)}: use the program of the same version as the coordinator. [ODTM2014]");
        }
    }
}
