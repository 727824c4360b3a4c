using Microsoft.Data.Sqlite;
using OrleansDtm.Storage;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>An empty database with the schema: what SQLite would read for a query.</summary>
internal sealed class SqlitePlans : IDisposable
{
    private readonly SqliteConnection _database = new("Data Source=:memory:");

    public SqlitePlans()
    {
        _database.Open();
        foreach (var script in SchemaScripts.For("sqlite"))
        {
            using var command = _database.CreateCommand();
            command.CommandText = script.Sql;
            command.ExecuteNonQuery();
        }
    }

    public void Dispose() => _database.Dispose();

    public List<string> Explain(string sql, (string Name, object Value)[] parameters)
    {
        using var command = _database.CreateCommand();
        command.CommandText = "explain query plan " + sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        using var reader = command.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read())
        {
            steps.Add(reader.GetString(3));
        }

        return steps;
    }
}
