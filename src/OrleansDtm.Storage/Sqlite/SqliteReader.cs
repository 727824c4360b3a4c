using Microsoft.Data.Sqlite;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>A reading connection and its prepared statements. For one caller at a time.</summary>
/// <param name="connection">Disposed with this.</param>
internal sealed class SqliteReader(SqliteConnection connection) : IDisposable
{
    /// <summary>The shapes of a listing are many, with its tags; this is more than a user needs at a time.</summary>
    private const int CommandsMax = 128;

    /// <summary>By text.</summary>
    private readonly Dictionary<string, SqliteCommand> _commands = [];

    /// <param name="sql">The same text must always come with the same parameters in the same order.</param>
    public SqliteDataReader Execute(string sql, (string Name, object Value)[] parameters)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            if (_commands.Count >= CommandsMax)
            {
                Forget();
            }

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
        Forget();
        connection.Dispose();
    }

    private void Forget()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        _commands.Clear();
    }
}
