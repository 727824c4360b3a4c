using Microsoft.Data.Sqlite;
using OpenTelemetry;
using OpenTelemetry.Trace;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

// A bank with its data in bank.db. The AppHost sets the coordinator's address and key.
var builder = WebApplication.CreateBuilder(args);
builder.AddOrleansDtmClient("dtm");
builder.Services.AddBranches(_ => new SqliteConnection("Data Source=bank.db;Pooling=False"));

// One trace from the request over the coordinator to each branch, in the dashboard.
var telemetry = builder.Services.AddOpenTelemetry()
    .WithTracing(traces => traces.AddSource("Microsoft.AspNetCore", "System.Net.Http"));
if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
{
    telemetry.UseOtlpExporter();
}

var app = builder.Build();
app.MapHealthChecks("/health");

// The LocalTransaction includes the barrier: repeated, late and lost calls take effect once.
app.MapBranch("/out", (Transfer t, LocalTransaction db) => Do(db, t.From, -t.Amount));
app.MapBranch("/out-undo", (Transfer t, LocalTransaction db) => Undo(db, t.From, t.Amount));
app.MapBranch("/in", (Transfer t, LocalTransaction db) => Do(db, t.To, t.Amount));
app.MapBranch("/in-undo", (Transfer t, LocalTransaction db) => Undo(db, t.To, -t.Amount));

// curl localhost:5080/transfer --json '{"from":"A","to":"B","amount":30}'
app.MapPost("/transfer", async (Transfer t, IDtm dtm) =>
{
    var result = await dtm.Saga()
        .Step("http://bank/out", "http://bank/out-undo", t)
        .Step("http://bank/in", "http://bank/in-undo", t)
        .SubmitAndWaitAsync(TimeSpan.FromMinutes(1));
    return $"{result.Status} {result.RollbackReason}";
});

await CreateTables();
app.Run();

// An action may fail: the saga is rolled back.
static async Task Do(LocalTransaction db, string account, long change)
{
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
