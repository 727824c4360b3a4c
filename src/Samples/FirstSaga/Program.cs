using Microsoft.Data.Sqlite;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

// A bank, whose branches work in bank.db. The coordinator is at http://localhost:36789 unless --Dtm says otherwise.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddOrleansDtm(dtm => dtm.Server = new Uri(builder.Configuration["Dtm"] ?? "http://localhost:36789"));
builder.Services.AddBranches(_ => new SqliteConnection("Data Source=bank.db"));
var app = builder.Build();

// What a branch does in its LocalTransaction happens once, whatever is repeated, late or lost on the way.
app.MapBranch("/out", (Transfer t, LocalTransaction db) => Change(db, t.From, -t.Amount));
app.MapBranch("/out-undo", (Transfer t, LocalTransaction db) => Change(db, t.From, t.Amount));
app.MapBranch("/in", (Transfer t, LocalTransaction db) => Change(db, t.To, t.Amount));
app.MapBranch("/in-undo", (Transfer t, LocalTransaction db) => Change(db, t.To, -t.Amount));

// The saga: what to do, how to undo it, and with what data. Here both steps are this bank's; they may be anybody's.
app.MapPost("/transfer", async (Transfer t, IDtm dtm, HttpRequest request) =>
{
    var bank = $"http://{request.Host}";
    TransactionResult result = await dtm.Saga()
        .Step($"{bank}/out", $"{bank}/out-undo", t)
        .Step($"{bank}/in", $"{bank}/in-undo", t)
        .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
    return $"{result.Status} {result.RollbackReason}";
});

await CreateTables();
app.Run();

static async Task Change(LocalTransaction db, string account, long amount)
{
    if (await db.ExecuteAsync($"update account set balance = balance + {amount} where name = {account} and balance + {amount} >= 0") == 0)
    {
        throw new BranchFailureException($"{account} is no account, or holds too little");
    }
}

static async Task CreateTables()
{
    await using var connection = new SqliteConnection("Data Source=bank.db");
    await connection.OpenAsync();
    await BarrierSchema.CreateAsync(connection);
    await using var command = connection.CreateCommand();
    command.CommandText = "create table if not exists account (name text primary key, balance integer); insert or ignore into account values ('A', 100), ('B', 100)";
    await command.ExecuteNonQueryAsync();
}

internal sealed record Transfer(string From, string To, long Amount);
