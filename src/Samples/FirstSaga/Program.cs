using Microsoft.Data.Sqlite;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

// A bank, whose branches work in bank.db. The coordinator is at http://localhost:36789 unless --Dtm says otherwise.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddDtmClient(dtm => dtm.Server = new Uri(builder.Configuration["Dtm"] ?? "http://localhost:36789"));
builder.Services.AddBranches(_ => new SqliteConnection("Data Source=bank.db"));
var app = builder.Build();

// What a branch does in its LocalTransaction happens once, whatever is repeated, late or lost on the way.
app.MapBranch("/out", (Transfer t, LocalTransaction db) => Do(db, t, t.From, -t.Amount));
app.MapBranch("/out-undo", (Transfer t, LocalTransaction db) => Undo(db, t.From, t.Amount));
app.MapBranch("/in", (Transfer t, LocalTransaction db) => Do(db, t, t.To, t.Amount));
app.MapBranch("/in-undo", (Transfer t, LocalTransaction db) => Undo(db, t.To, -t.Amount));

// The saga: what to do, how to undo it, and with what data. Here both steps are this bank's; they may be anybody's.
app.MapPost("/transfer", async (Transfer t, IDtm dtm) =>
{
    // Where the coordinator finds the branches: --Bank, or where this listens. Not the request's Host, which its sender chooses.
    var bank = builder.Configuration["Bank"] ?? app.Urls.First();
    TransactionResult result = await dtm.Saga()
        .Step($"{bank}/out", $"{bank}/out-undo", t)
        .Step($"{bank}/in", $"{bank}/in-undo", t)
        .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
    return $"{result.Status} {result.RollbackReason}";
});

await CreateTables();
app.Run();

// A step may refuse, and the saga turns back. No amount, not even one below zero, is trusted because it comes from the coordinator.
static async Task Do(LocalTransaction db, Transfer t, string account, long change)
{
    if (t.Amount <= 0)
    {
        throw new BranchFailureException("the amount must be greater than 0");
    }

    if (await db.ExecuteAsync($"update account set balance = balance + {change} where name = {account} and balance + {change} >= 0") == 0)
    {
        throw new BranchFailureException($"{account} is no account, or holds too little");
    }
}

// Undoing may not: it comes only after the step was done, and is repeated until it succeeds, whatever the balance is by then.
static async Task Undo(LocalTransaction db, string account, long change) =>
    await db.ExecuteAsync($"update account set balance = balance + {change} where name = {account}");

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
