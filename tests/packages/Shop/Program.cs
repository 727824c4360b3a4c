using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using MySqlConnector;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Client.EntityFrameworkCore;
using OrleansDtm.Client.Grpc;

// A shop with its stock in MySQL. It runs one transaction of each kind and prints the results.
var (http, grpc, connection) = (new Uri(args[0]), new Uri(args[1]), args[2]);
var builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseUrls("http://127.0.0.1:" + args[3]);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var url = "http://127.0.0.1:" + args[3];
builder.Services.AddDtmClient(dtm => (dtm.Server, dtm.WorkflowCallback) = (http, url + "/workflows"));
builder.Services.AddBranches(_ => new MySqlConnection(connection));
builder.Services.AddDbContext<Shop>(options => Provider.Use(options, connection));
builder.Services.AddDbContextBarriers();
builder.Services.AddWorkflow<Order, long>("order", async (workflow, order) =>
{
    await workflow.NewBranch()
        .OnRollback(step => step.Http.PostAsJsonAsync(url + "/give", order))
        .Http.PostAsJsonAsync(url + "/take", order);
    return order.Amount * 2;
});
await using var app = builder.Build();
app.MapBranch("/take", (Shop shop, Order order) => shop.Change(-order.Amount));
app.MapBranch("/give", (Shop shop, Order order) => shop.Change(order.Amount));
app.MapBranch("/refuse", () => BranchOutcome.Failure);
app.MapBranch("/count", (LocalTransaction db) => db.ExecuteAsync($"update stock set sold = sold + 1"));
app.MapQueryPrepared("/ordered").WithDbContext<Shop>();
app.MapWorkflows("/workflows");
await app.StartAsync();

await using var scope = app.Services.CreateAsyncScope();
var (db, sdk) = (scope.ServiceProvider.GetRequiredService<Shop>(), scope.ServiceProvider.GetRequiredService<IDtm>());
await db.Database.ExecuteSqlRawAsync("create table stock (id int primary key, items bigint, sold bigint)");
await db.Database.ExecuteSqlRawAsync("insert into stock values (1, 1000, 0)");
await using (var plain = new MySqlConnection(connection))
{
    await BarrierSchema.CreateAsync(plain);
}

var (order, minute) = (new Order(10), TimeSpan.FromMinutes(1));
Console.WriteLine(".NET " + Environment.Version + ", EF Core " + typeof(DbContext).Assembly.GetName().Version);

var saga = await sdk.Saga().Step(url + "/take", url + "/give", order).Step(url + "/count", "", order)
    .SubmitAndWaitAsync(minute);
await Report("saga", saga.Succeeded);

var undone = await sdk.Saga().Step(url + "/take", url + "/give", order).Step(url + "/refuse", "", order)
    .SubmitAndWaitAsync(minute);
await Report("rollback", undone.Status == GlobalStatus.Failed);

var tcc = await sdk.TccAsync(async tcc =>
    await tcc.CallBranchAsync(url + "/take", url + "/count", url + "/give", order));
await Report("tcc", (await sdk.WaitForEndAsync(tcc.Gid, minute)).Succeeded); // Confirmed in the background.

db.ChangeTracker.Clear();
var outbox = await sdk.Msg(new MsgOptions { WaitResult = true }).Step(url + "/count", order)
    .DoAndSubmitAsync(url + "/ordered", db, () => db.Change(-order.Amount));
await Report("outbox", outbox.Succeeded);

var workflow = await sdk.WorkflowAsync("order", order);
await Report("workflow", workflow.Succeeded && workflow.Read<long>() == 20);

var another = WebApplication.CreateSlimBuilder();
another.Services.AddDtmGrpcClient(options => options.Server = grpc);
await using var overGrpc = another.Build();
var third = await overGrpc.Services.GetRequiredService<IDtm>().Saga().Step(url + "/take", url + "/give", order)
    .SubmitAndWaitAsync(minute);
await Report("grpc", third.Succeeded);
await app.StopAsync();

async Task Report(string name, bool ok)
{
    await using var plain = new MySqlConnection(connection);
    await plain.OpenAsync();
    await using var command = new MySqlCommand("select concat(items, ' left, ', sold, ' sold') from stock", plain);
    Console.WriteLine($"{name} {(ok ? "ok" : "FAILED")}: {await command.ExecuteScalarAsync()}");
}

internal sealed record Order(long Amount);

internal sealed class Stock
{
    public int Id { get; set; }

    public long Items { get; set; }
}

internal sealed class Shop(DbContextOptions<Shop> options) : DbContext(options)
{
    public DbSet<Stock> Stock => Set<Stock>();

    public async Task Change(long items)
    {
        var stock = await Stock.SingleAsync(static s => s.Id == 1);
        stock.Items += items;
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Stock>(static stock =>
    {
        stock.ToTable("stock");
        stock.Property(static s => s.Id).HasColumnName("id");
        stock.Property(static s => s.Items).HasColumnName("items");
    });
}
