using System.Data.Common;
using System.Text.RegularExpressions;

namespace OrleansDtm.Client;

/// <summary>The SQL of the barrier table. Each database with branches needs the table.</summary>
public static partial class BarrierSchema
{
    private const string Schema = "dtm_barrier";

    /// <summary>SQL that creates the table and its schema if they are missing; may be repeated.</summary>
    /// <param name="dialect">The SQL dialect.</param>
    /// <param name="table">As in <see cref="BarrierOptions.Table"/>; null = the default.</param>
    /// <returns>Statements that can run as one command.</returns>
    /// <exception cref="ArgumentException">The table name is invalid.</exception>
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
        // A table in another database: that database exists.
        var schema = dot > 0 && dot == name.LastIndexOf('.') ? name[..dot] : null;
        text = CreateSchema().Replace(
            text, line => schema is null ? "" : line.Value.Replace(Schema, schema, StringComparison.Ordinal));
        return dialect == BarrierDialect.Sqlite
            ? text.Replace("exists barrier (", $"exists {name} (", StringComparison.Ordinal)
            : text.Replace("dtm_barrier.barrier", name, StringComparison.Ordinal);
    }

    /// <summary>
    /// Runs <see cref="Script"/>, for tests and for services that may change their schema at the start.
    /// </summary>
    /// <param name="connection">Connection to the branch's database. A closed connection is opened and closed
    /// again.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Cancels; statements before may have been executed.</param>
    /// <exception cref="DbException">The database returned an error, usually a missing permission.</exception>
    public static async Task CreateAsync(
        DbConnection connection, BarrierOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        options ??= BarrierOptions.Default;
        await using var opened = (await OpenedConnection.OpenAsync(
            connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
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
            _ => throw new ArgumentOutOfRangeException(nameof(dialect), dialect, "Unknown dialect."),
        };
        using var reader = new StreamReader(
            typeof(BarrierSchema).Assembly.GetManifestResourceStream($"sql/{folder}/barrier.sql")!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^(create (database|schema) if not exists|if schema_id\().*\n", RegexOptions.Multiline)]
    private static partial Regex CreateSchema();
}
