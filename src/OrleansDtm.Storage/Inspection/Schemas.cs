using System.Data.Common;

namespace OrleansDtm.Storage.Inspection;

/// <summary>Reads and judges the version of a schema, without changing it.</summary>
internal static class Schemas
{
    /// <returns>0 = there is no schema.</returns>
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

    public static Finding Judge(string driver, long found)
    {
        var known = Known(driver);
        return found == known ? Finding.Good($"schema version {found}, as this program has it")
            : found == 0 ? Finding.Note($"there are no tables yet; the first start creates them (version {known})")
            : found < known ? Finding.Note(
                $"schema version {found}; the next start migrates it to {known}, and older versions of the program "
                + "do not start on it any more: make a backup first")
            : Finding.Problem(
                $"schema version {found}, and this program knows up to {known}: run the newer OrleansDtm that wrote "
                + "it, or restore the backup from before the upgrade");
    }

    /// <param name="what">The database, as the first words of a sentence.</param>
    public static string Newer(string what, long found, int known) =>
        $"{what} has schema version {found}, and this program knows up to {known}: a newer OrleansDtm wrote it. "
        + "Run that version or a later one, or restore the backup made before the upgrade. [ODTM2002]";

    /// <summary>For a reader, which must not migrate anything.</summary>
    /// <exception cref="StoreSchemaException">It is not exactly the version that this program reads.</exception>
    public static void Require(string driver, long found, string where)
    {
        if (found != Known(driver))
        {
            throw new StoreSchemaException(
                found == 0
                    ? $"There are no transactions in {where}: it has no tables yet. [ODTM2014]"
                    : $"{where} has schema version {found} and this program reads version {Known(driver)}: use the "
                        + "program of the same version as the coordinator. [ODTM2014]");
        }
    }

    private static int Known(string driver) => SchemaScripts.For(driver)[^1].Version;
}
