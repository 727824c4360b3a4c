using System.Data.Common;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

namespace OrleansDtm.Samples.BankTransfer;

/// <summary>What a step of the saga carries.</summary>
internal sealed record Transfer(string From, string To, long Amount);

/// <summary>A bank with accounts and the barrier's table in a database of its own.</summary>
/// <param name="connect">A new connection to it.</param>
internal sealed class Bank(Func<DbConnection> connect)
{
    public DbConnection Connect() => connect();

    /// <param name="directory">Of the file.</param>
    /// <param name="name">Of the bank.</param>
    public static Bank InSqlite(string directory, string name)
    {
        var settings = $"Data Source={Path.Combine(directory, name + ".db")};Pooling=False";
        return new Bank(() => new SqliteConnection(settings));
    }

    /// <param name="server">Connection string; the user may create databases.</param>
    /// <param name="name">Of the bank.</param>
    public static async Task<Bank> InMariaDb(string server, string name)
    {
        var database = $"sample_{name}_{Guid.NewGuid():N}";
        await using var connection = new MySqlConnection(server);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Made above, of hexadecimal digits.
        command.CommandText = $"create database {database}";
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        var settings = new MySqlConnectionStringBuilder(server) { Database = database }.ConnectionString;
        return new Bank(() => new MySqlConnection(settings));
    }

    public async Task Open(BarrierOptions barrier, params string[] accounts)
    {
        await using var connection = connect();
        await connection.OpenAsync();
        await Execute(connection, "create table account (name varchar(40) primary key, balance bigint not null)");
        foreach (var account in accounts)
        {
            await Execute(connection, $"insert into account (name, balance) values ('{account}', 1000)");
        }

        await BarrierSchema.CreateAsync(connection, barrier);
    }

    public static void Map(WebApplication app)
    {
        app.MapBranch("/out", (Transfer t, LocalTransaction db) => Do(db, t, t.From, -t.Amount));
        app.MapBranch("/out-undo", (Transfer t, LocalTransaction db) => Undo(db, t.From, t.Amount));
        app.MapBranch("/in", (Transfer t, LocalTransaction db) => Do(db, t, t.To, t.Amount));
        app.MapBranch("/in-undo", (Transfer t, LocalTransaction db) => Undo(db, t.To, -t.Amount));
    }

    public async Task<long> Sum()
    {
        await using var connection = connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select sum(balance) from account";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task Do(LocalTransaction db, Transfer t, string account, long change)
    {
        if (t.Amount <= 0)
        {
            throw new BranchFailureException("the amount must be greater than 0");
        }

        if (await db.ExecuteAsync($"update account set balance = balance + {change} where name = {account} and balance + {change} >= 0") == 0)
        {
            throw new BranchFailureException($"there is no account {account}, or it holds too little");
        }
    }

    /// <summary>Refuses never: the step was done, and its compensation is repeated until it succeeds.</summary>
    private static async Task Undo(LocalTransaction db, string account, long change) =>
        await db.ExecuteAsync($"update account set balance = balance + {change} where name = {account}");

    private static async Task Execute(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this sample.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
