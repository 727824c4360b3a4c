using System.Data.Common;
using System.Text.RegularExpressions;

namespace OrleansDtm.Client;

/// <summary>Table and dialect of barriers. Thread-safe after configuration.</summary>
public sealed partial class BarrierOptions
{
    private const string DefaultTable = "dtm_barrier.barrier";

    private string? _table;

    /// <summary>
    /// The table, in the branch's database: 1 to 3 names of letters, digits, _ and $, separated by dots, as in
    /// "shop.barrier". Default: null, which is dtm_barrier.barrier, and barrier in SQLite, which has no schemas.
    /// <see cref="BarrierSchema"/> has its SQL.
    /// </summary>
    /// <exception cref="ArgumentException">The name is invalid. It becomes part of the SQL text, so other characters
    /// are refused.</exception>
    public string? Table
    {
        get => _table;
        set => _table = value is null || TableName().IsMatch(value)
            ? value
            : throw new ArgumentException(
                $"'{value}' is not a table name: write names of letters, digits, _ and $, separated by dots.",
                nameof(value));
    }

    /// <summary>The SQL dialect. Default: null, which selects it by the type of the connection.</summary>
    public BarrierDialect? Dialect { get; set; }

    internal static BarrierOptions Default { get; } = new();

    internal BarrierDialect DialectOf(DbConnection connection) => Dialect ?? Detect(connection.GetType());

    internal string TableIn(BarrierDialect dialect) =>
        _table ?? (dialect == BarrierDialect.Sqlite ? "barrier" : DefaultTable);

    /// <summary>By name, so that no driver must be referenced; a derived connection counts as its base.</summary>
    private static BarrierDialect Detect(Type connection)
    {
        for (var type = connection; type is not null; type = type.BaseType)
        {
            switch (type.Name)
            {
                case "MySqlConnection":
                    return BarrierDialect.MySql;
                case "NpgsqlConnection":
                    return BarrierDialect.PostgreSql;
                case "SqlConnection":
                    return BarrierDialect.SqlServer;
                case "SqliteConnection" or "SQLiteConnection":
                    return BarrierDialect.Sqlite;
            }
        }

        throw new NotSupportedException(
            $"The SQL dialect of {connection.FullName} is unknown. Set {nameof(BarrierOptions)}.{nameof(Dialect)}.");
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_$]{0,127}(\.[A-Za-z_][A-Za-z0-9_$]{0,127}){0,2}\z")]
    private static partial Regex TableName();
}
