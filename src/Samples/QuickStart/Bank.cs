using Microsoft.Data.Sqlite;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>What a call did to an account.</summary>
internal enum Effect
{
    /// <summary>The balance has changed.</summary>
    Applied,

    /// <summary>The same call came before: changed once, not twice.</summary>
    AlreadyDone,

    /// <summary>A compensation whose action never took effect.</summary>
    NothingToUndo,

    /// <summary>An action that arrived after its own compensation.</summary>
    TooLate,

    /// <summary>The account is frozen or holds too little: nothing has changed.</summary>
    Refused,
}

/// <summary>One call of the coordinator: the same three values come again when it repeats the call.</summary>
internal sealed record Call(string Gid, string BranchId, string Op);

/// <summary>
/// Two accounts in a SQLite file. Every change of a balance is one local transaction together with a row in <c>barrier</c>, keyed by
/// the call, which makes the call safe to repeat, to undo before it happened, and to arrive late.
/// </summary>
internal sealed class Bank(string file)
{
    // Pooled connections would keep the file open after the demo has deleted it.
    private readonly string _connection = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();

    public void Open() => Execute(
        """
        create table account (name text primary key, balance integer not null, frozen integer not null default 0);
        create table barrier (gid text, branch_id text, op text, primary key (gid, branch_id, op)) without rowid;
        insert into account (name, balance) values ('A', 100), ('B', 100);
        """);

    public void Freeze(string account) => Execute("update account set frozen = 1 where name = $name", ("$name", account));

    public long Balance(string account)
    {
        using var connection = Connect();
        using var command = Command(connection, "select balance from account where name = $name", ("$name", account));
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Moves money into the account, or out of it if the amount is negative.</summary>
    public Effect Do(Call call, string account, long amount)
    {
        using var connection = Connect();
        using var local = connection.BeginTransaction();
        if (!Insert(connection, call))
        {
            // Someone was here before: either this very call, or the compensation, which claims the row of an action it cannot find.
            return Exists(connection, call with { Op = "compensate" }) ? Effect.TooLate : Effect.AlreadyDone;
        }

        if (!Change(connection, account, amount))
        {
            // Leaving without a commit takes the barrier row back too: the action never took effect.
            return Effect.Refused;
        }

        local.Commit();
        return Effect.Applied;
    }

    /// <summary>Takes back what <see cref="Do"/> did with the same gid and branch, if it did anything.</summary>
    public Effect Undo(Call call, string account, long amount)
    {
        using var connection = Connect();
        using var local = connection.BeginTransaction();
        var neverRan = Insert(connection, call with { Op = "action" });
        var first = Insert(connection, call);
        if (!neverRan && first)
        {
            Execute(connection, "update account set balance = balance - $amount where name = $name", ("$amount", amount), ("$name", account));
        }

        local.Commit();
        return neverRan ? Effect.NothingToUndo : first ? Effect.Applied : Effect.AlreadyDone;
    }

    private static bool Insert(SqliteConnection connection, Call call) =>
        Execute(connection, "insert or ignore into barrier (gid, branch_id, op) values ($gid, $branch, $op)", Key(call)) == 1;

    private static bool Exists(SqliteConnection connection, Call call)
    {
        using var command = Command(connection, "select 1 from barrier where gid = $gid and branch_id = $branch and op = $op", Key(call));
        return command.ExecuteScalar() is not null;
    }

    private static bool Change(SqliteConnection connection, string account, long amount) =>
        Execute(
            connection,
            "update account set balance = balance + $amount where name = $name and frozen = 0 and balance + $amount >= 0",
            ("$amount", amount),
            ("$name", account)) == 1;

    private static (string, object)[] Key(Call call) => [("$gid", call.Gid), ("$branch", call.BranchId), ("$op", call.Op)];

    private static int Execute(SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        using var command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    // The text is a constant of this file at every call; what comes from outside is passed as a parameter.
#pragma warning disable CA2100
    private static SqliteCommand Command(SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
#pragma warning restore CA2100

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();
        return connection;
    }

    private void Execute(string sql, params (string Name, object Value)[] values)
    {
        using var connection = Connect();
        Execute(connection, sql, values);
    }
}
