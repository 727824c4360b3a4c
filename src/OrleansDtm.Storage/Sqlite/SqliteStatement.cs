using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>
/// A prepared statement that takes its parameters from a write, by name. It bypasses Microsoft.Data.Sqlite, whose
/// commands look up each parameter by name and box each number at each execution, which is measurable on the hot path.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private readonly string[] _parameters;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
        _parameters = new string[raw.sqlite3_bind_parameter_count(_statement)];
        for (var i = 0; i < _parameters.Length; i++)
        {
            _parameters[i] = raw.sqlite3_bind_parameter_name(_statement, i + 1).utf8_to_string();
        }
    }

    /// <summary>The number of rows that it changed.</summary>
    /// <param name="write">The write.</param>
    /// <param name="tag">The value of @tag.</param>
    public int Execute(EncodedWrite write, string tag = "")
    {
        for (var i = 0; i < _parameters.Length; i++)
        {
            Check(_parameters[i] == "@tag" ? Text(i + 1, tag) : Bind(i + 1, _parameters[i], write));
        }

        return Execute();
    }

    /// <summary>The number of rows that it changed; undefined for statements that change no rows.</summary>
    public int Execute()
    {
        var code = raw.sqlite3_step(_statement);
        try
        {
            if (code != raw.SQLITE_DONE)
            {
                SqliteException.ThrowExceptionForRC(code, _database);
            }

            return raw.sqlite3_changes(_database);
        }
        finally
        {
            _ = raw.sqlite3_reset(_statement); // Returns the error of the step again.
        }
    }

    public void Dispose() => _statement.Dispose();

    private int Bind(int index, string parameter, EncodedWrite write) => parameter switch
    {
        "@gid" => Text(index, write.Gid),
        "@type" => Text(index, write.Type),
        "@status" => Text(index, write.Status),
        "@version" => raw.sqlite3_bind_int64(_statement, index, write.Version),
        "@expected" => raw.sqlite3_bind_int64(_statement, index, write.ExpectedVersion),
        "@owner" => raw.sqlite3_bind_int64(_statement, index, write.Owner),
        "@due" => Number(index, write.Due),
        "@created" => raw.sqlite3_bind_int64(_statement, index, write.Created),
        "@updated" => raw.sqlite3_bind_int64(_statement, index, write.Updated),
        "@finished" => Number(index, write.Finished),
        "@progress" => raw.sqlite3_bind_blob(_statement, index, write.Progress),
        "@seq" => raw.sqlite3_bind_int64(_statement, index, write.BodySequence),
        "@body" => raw.sqlite3_bind_blob(_statement, index, write.Body),
        _ => throw new ArgumentOutOfRangeException(nameof(parameter), parameter, "A write has no such column."),
    };

    private int Text(int index, string text)
    {
        Span<byte> bytes = stackalloc byte[EncodedWrite.TextMax * 3];
        return raw.sqlite3_bind_text(_statement, index, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    private int Number(int index, long? value) => value is { } number
        ? raw.sqlite3_bind_int64(_statement, index, number)
        : raw.sqlite3_bind_null(_statement, index);

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(code, _database);
        }
    }
}
