using Microsoft.Data.Sqlite;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

// A bank with its data in bank.db. --Dtm sets the coordinator's URL; the default is http://localhost:36789.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddDtmClient(dtm => dtm.Server = new Uri(builder.Configuration["Dtm"] ?? "http://localhost:36789"));
builder.Services.AddBranches(_ => new SqliteConnection("Data Source=bank.db;Pooling=False"));
var app = builder.Build();

// The LocalTransaction includes the barrier: repeated, late and lost calls take effect once.
app.MapBranch("/out", (Transfer t, LocalTransaction db) => Do(db, t, t.From, -t.Amount));
app.MapBranch("/out-undo", (Transfer t, LocalTransaction db) => Undo(db, t.From, t.Amount));
app.MapBranch("/in", (Transfer t, LocalTransaction db) => Do(db, t, t.To, t.Amount));
app.MapBranch("/in-undo", (Transfer t, LocalTransaction db) => Undo(db, t.To, -t.Amount));

// The saga. Both steps are branches of this bank; they can be branches of any service.
app.MapPost("/transfer", async (Transfer t, IDtm dtm) =>
{
    // The URL of the branches: --Bank, or the address of this server. Never the Host header: the client controls it.
    var bank = builder.Configuration["Bank"] ?? app.Urls.First();
    TransactionResult result = await dtm.Saga()
        .Step($"{bank}/out", $"{bank}/out-undo", t)
        .Step($"{bank}/in", $"{bank}/in-undo", t)
        .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
    return $"{result.Status} {result.RollbackReason}";
});

await CreateTables();
app.Run();

// An action may fail: the saga is rolled back. Validate the payload, also when it comes from the coordinator.
static async Task Do(LocalTransaction db, Transfer t, string account, long change)
{
    if (t.Amount <= 0)
    {
        throw new BranchFailureException("the amount must be greater than 0");
    }

    var changed = await db.ExecuteAsync(
        $"update account set balance = balance + {change} where name = {account} and balance + {change} >= 0");
    if (changed == 0)
    {
        throw new BranchFailureException($"{account} does not exist or has insufficient funds");
    }
}

// A compensation must not fail: it is retried until it succeeds. The barrier skips it if the action did not commit.
static async Task Undo(LocalTransaction db, string account, long change) =>
    await db.ExecuteAsync($"update account set balance = balance + {change} where name = {account}");

static async Task CreateTables()
{
    await using var connection = new SqliteConnection("Data Source=bank.db;Pooling=False");
    await connection.OpenAsync();
    await BarrierSchema.CreateAsync(connection);
    await using var command = connection.CreateCommand();
    command.CommandText = "create table if not exists account (name text primary key, balance integer);"
        + "insert or ignore into account values ('A', 100), ('B', 100)";
    await command.ExecuteNonQueryAsync();
}

internal sealed record Transfer(string From, string To, long Amount);
