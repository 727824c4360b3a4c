using System.Data.Common;
using Npgsql;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Storage.Postgres;

internal sealed class PostgresDtmDialect : DtmDialect
{
    public override string BeginReading => "set session characteristics as transaction read only";

    /// <summary>Of the schemas with the table: first those of the search path, then dtm, then public.</summary>
    public override string FindSchema =>
        """
        select table_schema::text from information_schema.tables where table_name = 'trans_global'
        order by coalesce(array_position(current_schemas(false), table_schema::name), 1000),
            table_schema <> 'dtm', table_schema <> 'public'
        limit 1
        """;

    public override DbConnection Connect(string connectionString) => new NpgsqlConnection(connectionString);

    public override string Quote(string name) => PostgresSettings.Quote(name);

    public override string Describe(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return $"postgres://{builder.Host}:{builder.Port}/{builder.Database}";
    }

    public override DbConnectionStringBuilder Builder(StoreAddress address) => PostgresDialect.Builder(address);

    public override string Complete(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        builder.Database = builder.Database is { Length: > 0 } database ? database : "dtm";
        return builder.ConnectionString;
    }
}
