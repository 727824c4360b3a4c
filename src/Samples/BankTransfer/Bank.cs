using System.Data.Common;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

namespace OrleansDtm.Samples.BankTransfer;

/// <summary>The payload of a saga step.</summary>
internal sealed record Transfer(string From, string To, long Amount);

/// <summary>A bank with accounts and the barrier table in its own database.</summary>
/// <param name="connect">Creates a connection to it.</param>
internal sealed class Bank(Func<DbConnection> connect)
{
    public DbConnection Connect() => connect();

    /// <param name="directory">Directory of the file.</param>
    /// <param name="name">Name of the bank.</param>
    public static Bank InSqlite(string directory, string name)
    {
        var settings = $"Data Source={Path.Combine(directory, name + ".db")};Pooling=False";
        return new Bank(() => new SqliteConnection(settings));
    }

    /// <param name="server">Connection string; the user may create databases.</param>
    /// <param name="name">Name of the bank.</param>
    public static async Task<Bank> InMariaDb(string server, string name)
    {
        var database = $"sample_{name}_{Guid.NewGuid():N}";
        await using var connection = new MySqlConnection(server);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A generated name of hexadecimal digits.
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

        if (await db.ExecuteAsync(
            $"update account set balance = balance + {change} where name = {account} and balance + {change} >= 0") == 0)
        {
            throw new BranchFailureException($"account {account} does not exist or has insufficient funds");
        }
    }

    /// <summary>A compensation must not fail: it is retried until it succeeds.</summary>
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
