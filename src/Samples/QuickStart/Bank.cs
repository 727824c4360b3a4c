using System.Data.Common;
using Microsoft.Data.Sqlite;
using OrleansDtm.Client;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>Two accounts in a SQLite file, with the barrier table, which makes every call take effect once.</summary>
internal sealed class Bank(string file)
{
    // Pooled connections would keep the file open after the demo has deleted it.
    private readonly string _settings =
        new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();

    public DbConnection Connect() => new SqliteConnection(_settings);

    public async Task Open()
    {
        await Execute("create table account (name text primary key, balance integer not "
            + "null, frozen integer not null default 0)");
        await Execute("insert into account (name, balance) values ('A', 100), ('B', 100)");
        await using var connection = Connect();
        await BarrierSchema.CreateAsync(connection);
    }

    public Task FreezeB() => Execute("update account set frozen = 1 where name = 'B'");

    public async Task<string> Balances()
    {
        await using var connection = Connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select group_concat(name || ' = ' || balance, ', ') from (select name, balance from "
            + "account order by name)";
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Adds money to the account, or withdraws it if the amount is negative.</summary>
    public static async Task Change(LocalTransaction local, string account, long amount)
    {
        var rows = await local.ExecuteAsync(
            $"""
            update account set balance = balance + {amount}
            where name = {account} and frozen = 0 and balance + {amount} >= 0
            """);
        if (rows == 0)
        {
            throw new BranchFailureException($"{account} is frozen or has insufficient funds");
        }
    }

    /// <summary>A compensation: it must not fail.</summary>
    public static Task Undo(LocalTransaction local, string account, long amount) =>
        local.ExecuteAsync($"update account set balance = balance - {amount} where name = {account}");

    private async Task Execute(string sql)
    {
        await using var connection = Connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Always a constant of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
