using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Storage.Sqlite;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Measures the list of the admin page over 100,000 transactions: each filter, sort and count. Explicit: it takes
/// minutes, and its limit is one of the machine.
/// </summary>
public sealed class ListMeasurement(ITestOutputHelper output)
{
    private const int Rows = 100_000;
    private const int Runs = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);

    private static readonly string[] Queries =
    [
        "", "status=succeed", "status=failed", "status=submitted", "status=aborting", "status=prepared",
        "transType=saga", "transType=msg&status=submitted", "unfinished=true", "waiting=retry", "waiting=silo",
        "waiting=answer", "parked=true", "gid=g-00050000", "gid_prefix=g-0005", "gid_prefix=g-", "tag=order:50000",
        "tag=order:5*", "tag=shop:3", "tag=shop:*", "tag=shop:3,order:5*", "host=bank", "host=nowhere",
        "error=connection refused", "error=nothing like this", "createTimeStart=1772368300000",
        "createTimeEnd=1772368300000", "status=failed&createTimeStart=1772368300000",
        "transType=tcc&status=failed", "tag=shop:3&status=failed", "gid_prefix=g-0005&unfinished=true",
    ];

    private readonly List<string> _slow = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData(0.11, "")]
    [InlineData(0.11, "other")]
    [InlineData(1, "")]
    public async Task Sqlite(double unfinished, string other)
    {
        var home = Directory.CreateTempSubdirectory("orleansdtm-list-");
        try
        {
            await using var store = new SqliteTransactionStore(
                new SqliteStoreOptions { Path = Path.Combine(home.FullName, "dtm.db") },
                TimeProvider.System,
                NullLogger<SqliteTransactionStore>.Instance);
            await Fill(store, unfinished, other);
            await Measure(store);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Theory(Explicit = true)]
    [InlineData(0.11, "")]
    [InlineData(0.11, "other")]
    [InlineData(1, "")]
    public Task MySql(double unfinished, string other) =>
        Server<MySqlServer>(StoreDrivers.MySql, unfinished, other);

    [Theory(Explicit = true)]
    [InlineData(0.11, "")]
    public Task MariaDb(double unfinished, string other) =>
        Server<MariaDbServer>(StoreDrivers.MySql, unfinished, other);

    [Theory(Explicit = true)]
    [InlineData(0.11, "")]
    [InlineData(0.11, "other")]
    [InlineData(1, "")]
    public Task Postgres(double unfinished, string other) =>
        Server<PostgresServer>(StoreDrivers.Postgres, unfinished, other);

    private async Task Server<TServer>(ServerDriver driver, double unfinished, string other)
        where TServer : DatabaseServer, new()
    {
        var database = new DatabaseUnderTest<TServer>();
        await database.InitializeAsync();
        await using (database)
        {
            var options = new ServerStoreOptions { ConnectionString = database.NewDatabase() };
            await using var store = driver.Create(
                options, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);
            await Fill(store, unfinished, other);
            await Analyze(options, driver);
            await Measure(store);
        }
    }

    /// <summary>The statistics that a server otherwise takes within a minute.</summary>
    private static async Task Analyze(ServerStoreOptions options, ServerDriver driver)
    {
        await using DbConnection connection = driver == StoreDrivers.Postgres
            ? new NpgsqlConnection(options.ConnectionString)
            : new MySqlConnection(options.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = driver == StoreDrivers.Postgres
            ? "vacuum analyze"
            : "analyze table dtm_transaction, dtm_body, dtm_tag";
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task Fill(ITransactionStore store, double unfinished, string other)
    {
        await store.Start(Token);
        var start = Stopwatch.StartNew();
        foreach (var chunk in Enumerable.Range(0, Rows).Chunk(2000))
        {
            await Task.WhenAll(chunk.Select(i => store.Write(
                new TransactionWrite(null, State(i, unfinished, other), 0), Token)));
        }

        output.WriteLine($"filled in {start.Elapsed.TotalSeconds:0} s");
    }

    private async Task Measure(ITransactionStore store)
    {
        var lists = new SortedLists(store, TimeProvider.System);
        foreach (var query in Queries)
        {
            var request = Parse(query + "&limit=50");
            await Time($"page  {query}", () => Page(store, request));
            await Time($"count {query}", () => lists.Count(request, Token));
            if (request.Filter.Status is not (TransactionStatus.Succeed or TransactionStatus.Failed))
            {
                await Time($"age   {query}", () => lists.Read(request, ListingOrder.Age, Token));
                await Time($"tries {query}", () => lists.Read(request, ListingOrder.Attempts, Token));
            }
        }

        Assert.Empty(_slow);
    }

    private static async Task<object> Page(ITransactionStore store, ListRequest request) => request.Scan is { } scan
        ? await TransactionListing.Scan(
            store.Shards, request.Filter, [0], row => scan.Matches(row.Transaction), Token, SortedLists.ScannedMax)
        : await TransactionListing.Read(store.Shards, request.Filter, [0], Token);

    private static ListRequest Parse(string query)
    {
        var parsed = QueryHelpers.ParseQuery(query);
        return ListQuery.Parse(
            name => parsed.TryGetValue(name, out var value) ? value.ToString() : null,
            "",
            StoredSamples.Start.AddDays(1));
    }

    private async Task Time<T>(string name, Func<Task<T>> run)
    {
        var times = new List<double>();
        await run();
        for (var i = 0; i < Runs; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await run();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        var line = string.Create(
            CultureInfo.InvariantCulture, $"{name,-60} p50 {times[Runs / 2],7:0.0} ms  max {times[^1],7:0.0} ms");
        output.WriteLine(line);
        if (times[^1] > Limit.TotalMilliseconds)
        {
            _slow.Add(line);
        }
    }

    /// <summary>A second apart for each thousand; 1 in 20 of those that ended has failed.</summary>
    private static Transaction State(int i, double unfinished, string other)
    {
        var created = StoredSamples.Start.AddMilliseconds(i);
        var gid = string.Create(CultureInfo.InvariantCulture, $"g-{i:00000000}");
        var plain = StoredSamples.Plain(
            other.Length > 0 && i % 3 == 0 ? Namespaces.Qualify(other, gid) : gid, created: created);
        var state = plain with
        {
            Definition = plain.Definition with
            {
                Type = (TransactionType)(1 + (i % 5)),
                Tags = TransactionTags.None.Add("order", i.ToString(CultureInfo.InvariantCulture))
                    .Add("shop", (i % 20).ToString(CultureInfo.InvariantCulture)),
            },
            Branches =
            [
                .. Enumerable.Range(1, 4).Select(n => new BranchOp
                {
                    Definition = new BranchOpDefinition(
                        $"0{n}", BranchOps.Action, $"http://{(i % 7 == 0 ? "bank" : "stock")}:8080/{n}",
                        new byte[200], created),
                    Status = BranchStatus.Succeed,
                    Attempts = 1,
                }),
            ],
        };
        var kind = i * 37 % 1000;
        if (kind >= unfinished * 1000)
        {
            return StoredSamples.Finish(state, i % 20 == 0 ? TransactionStatus.Failed : TransactionStatus.Succeed);
        }

        var far = StoredSamples.Start.AddDays(2);
        return (kind % 11) switch
        {
            0 => With(state, call => call with { Parked = true, Attempts = 20 }, null, TransactionStatus.Aborting),
            1 => With(state, static call => call with { InFlight = true }, StoredSamples.Start.AddHours(1)),
            2 => state with { Status = TransactionStatus.Prepared, WakeAt = far },
            < 6 => With(state, static call => call with { InFlight = true }, far),
            _ => With(state, call => call with { RetryAt = far, Attempts = 1 + (i % 50) }, far),
        };
    }

    private static Transaction With(
        Transaction state,
        Func<BranchOp, BranchOp> change,
        DateTimeOffset? due,
        TransactionStatus status = TransactionStatus.Submitted) => state with
        {
            Status = status,
            WakeAt = due,
            Branches = state.Branches.SetItem(2, change(state.Branches[2]) with
            {
                Status = BranchStatus.Prepared,
                Started = true,
                LastError = "503 Service Unavailable: upstream connect error, connection refused by 10.0.0.7:8080",
                History =
                [
                    .. Enumerable.Range(0, 8).Select(i => new Attempt(
                        state.Updated.AddSeconds(i),
                        TimeSpan.FromMilliseconds(12),
                        OutcomeKind.Unknown,
                        "503 Service Unavailable: upstream connect error, connection refused by 10.0.0.7:8080")),
                ],
            }),
        };
}
