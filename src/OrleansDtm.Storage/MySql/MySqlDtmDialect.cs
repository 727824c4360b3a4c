using System.Data.Common;
using MySqlConnector;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Storage.MySql;

internal sealed class MySqlDtmDialect : DtmDialect
{
    public override string BeginReading =>
        "set session transaction read only; "
        + "set session autocommit = 1, session sql_mode = '', session sql_select_limit = 18446744073709551615";

    public override string FindSchema =>
        "select table_schema from information_schema.tables where table_schema = database() and table_name = "
        + "'trans_global'";

    /// <summary>Without the hint MySQL sorts all rows of a status for each page.</summary>
    public override string ById => "force index (primary)";

    public override StringComparer Gids => StringComparer.OrdinalIgnoreCase;

    public override bool HasTimeZone => false;

    public override DbConnection Connect(string connectionString) => new MySqlConnection(connectionString);

    public override string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    public override string Describe(string connectionString)
    {
        var builder = new MySqlConnectionStringBuilder(connectionString);
        return $"mysql://{builder.Server}:{builder.Port}/{builder.Database}";
    }

    public override DbConnectionStringBuilder Builder(StoreAddress address) => MySqlDialect.Builder(address);

    public override string Complete(string connectionString)
    {
        var builder = new MySqlConnectionStringBuilder(connectionString);
        (builder.TreatTinyAsBoolean, builder.ConvertZeroDateTime) = (false, true);
        builder.Database = builder.Database is { Length: > 0 } database ? database : "dtm";
        return builder.ConnectionString;
    }
}
