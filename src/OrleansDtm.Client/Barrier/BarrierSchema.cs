using System.Data.Common;
using System.Text.RegularExpressions;

namespace OrleansDtm.Client;

/// <summary>The SQL of the barrier table. Each database in which branches work needs the table once.</summary>
public static partial class BarrierSchema
{
    private const string Schema = "dtm_barrier";

    /// <summary>Creates the table, and its schema, where they are missing; may be repeated.</summary>
    /// <param name="dialect">Whose SQL.</param>
    /// <param name="table">As in <see cref="BarrierOptions.Table"/>; null = the default.</param>
    /// <returns>Statements that may be run as one command.</returns>
    /// <exception cref="ArgumentException">The table is no such name.</exception>
    public static string Script(BarrierDialect dialect, string? table = null)
    {
        var options = new BarrierOptions { Table = table };
        var text = Read(dialect);
        if (table is null)
        {
            return text;
        }

        var name = options.TableIn(dialect);
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var schema = dot > 0 && dot == name.LastIndexOf('.') ? name[..dot] : null; // In another database, or where one is: it is there.
        text = CreateSchema().Replace(text, line => schema is null ? "" : line.Value.Replace(Schema, schema, StringComparison.Ordinal));
        return dialect == BarrierDialect.Sqlite
            ? text.Replace("exists barrier (", $"exists {name} (", StringComparison.Ordinal)
            : text.Replace("dtm_barrier.barrier", name, StringComparison.Ordinal);
    }

    /// <summary>Runs <see cref="Script"/>. For tests and for services that may change their database at their start.</summary>
    /// <param name="connection">To the database of the business. If it is closed it is opened, and closed again.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Between two statements something may remain done.</param>
    /// <exception cref="DbException">The database said no, most often: the user may not.</exception>
    public static async Task CreateAsync(DbConnection connection, BarrierOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        options ??= BarrierOptions.Default;
        await using var opened = (await OpenedConnection.OpenAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        using var command = connection.CreateCommand();
        command.CommandText = Script(options.DialectOf(connection), options.Table);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Read(BarrierDialect dialect)
    {
        var folder = dialect switch
        {
            BarrierDialect.MySql => "mysql",
            BarrierDialect.PostgreSql => "postgres",
            BarrierDialect.SqlServer => "sqlserver",
            BarrierDialect.Sqlite => "sqlite",
            _ => throw new ArgumentOutOfRangeException(nameof(dialect), dialect, "There is no such dialect."),
        };
        using var reader = new StreamReader(typeof(BarrierSchema).Assembly.GetManifestResourceStream($"sql/{folder}/barrier.sql")!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^(create (database|schema) if not exists|if schema_id\().*\n", RegexOptions.Multiline)]
    private static partial Regex CreateSchema();
}
