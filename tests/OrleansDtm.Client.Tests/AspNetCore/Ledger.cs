using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace OrleansDtm.Client.Tests.AspNetCore;

/// <summary>Accounts A and B with 100 each, and the barrier's table, in a SQLite file.</summary>
public sealed class Ledger : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-ledger-");

    private Ledger()
    {
    }

    // Pooled connections would keep the file open after the test has deleted it.
    private string Settings =>
        new SqliteConnectionStringBuilder { DataSource = Path.Combine(_home.FullName, "bank.db"), Pooling = false }
            .ToString();

    public static async Task<Ledger> Create()
    {
        var ledger = new Ledger();
        await using var connection = ledger.Connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "create table account (name text primary key, balance integer not null); insert into "
            + "account values ('A', 100), ('B', 100)";
        await command.ExecuteNonQueryAsync();
        await BarrierSchema.CreateAsync(connection);
        return ledger;
    }

    public DbConnection Connect() => new SqliteConnection(Settings);

    public async Task<long> Balance(string account)
    {
        await using var connection = Connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select balance from account where name = @name";
        command.Parameters.Add(new SqliteParameter("@name", account));
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync()
    {
        _home.Delete(recursive: true);
        return default;
    }
}
