using Microsoft.Data.Sqlite;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>A reading connection and its prepared statements. For one caller at a time.</summary>
/// <param name="connection">Disposed with this.</param>
internal sealed class SqliteReader(SqliteConnection connection) : IDisposable
{
    /// <summary>By text. Their number is bounded: a listing has 2^5 shapes, times the spellings of a status.</summary>
    private readonly Dictionary<string, SqliteCommand> _commands = [];

    /// <param name="sql">The same text must always come with the same parameters in the same order.</param>
    public SqliteDataReader Execute(string sql, (string Name, object Value)[] parameters)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in parameters)
            {
                command.Parameters.Add(new SqliteParameter(name, null));
            }

            _commands.Add(sql, command);
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters[i].Value = parameters[i].Value;
        }

        return command.ExecuteReader();
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }
}
