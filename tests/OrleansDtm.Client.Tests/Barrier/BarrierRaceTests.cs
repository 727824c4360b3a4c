using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Client.Tests.Databases;
using OrleansDtm.Tests.Support.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>
/// Runs random interleavings concurrently on ten shared accounts; every balance and every effect must be exact
/// afterwards. ORLEANSDTM_BARRIER_INTERLEAVINGS sets their number for each database, ORLEANSDTM_BARRIER_SEED repeats
/// the plans of a run.
/// </summary>
public abstract class BarrierRaceTests(Bank bank, int interleavings) : IAsyncLifetime
{
    private readonly string _prefix = Calls.NewGid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await bank.Create();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return bank.DisposeAsync();
    }

    [Fact]
    public async Task Every_balance_is_exact_whatever_comes_when()
    {
        var seed = Setting("ORLEANSDTM_BARRIER_SEED") ?? Random.Shared.Next();
        var count = Setting("ORLEANSDTM_BARRIER_INTERLEAVINGS") ?? interleavings;
        TestContext.Current.SendDiagnosticMessage(
            $"{bank.Dialect}: {count} interleavings, ORLEANSDTM_BARRIER_SEED={seed}");
        var clock = Stopwatch.StartNew();
        var all = Enumerable.Range(0, count)
            .Select(i => new Interleaving(bank, $"{_prefix}-{i}", new Random(unchecked(seed + i)), i % 10))
            .ToArray();
        var problems = new List<string>();
        await Parallel.ForEachAsync(
            all.Select(static (item, index) => (Index: index, Item: item)),
            new ParallelOptions { MaxDegreeOfParallelism = bank.Parallel, CancellationToken = Cancel },
            async (one, _) =>
            {
                if (await one.Item.Run() is { } problem)
                {
                    lock (problems)
                    {
                        problems.Add($"{one.Index}: {problem}");
                    }
                }
            });

        problems.AddRange(await Differences(all));
        var verdicts = all.SelectMany(static one => one.Verdicts)
            .GroupBy(static verdict => verdict, static (verdict, same) => (Key: verdict, Value: same.Count()))
            .OrderByDescending(static v => v.Value);
        var report = $"{bank.Dialect}: {count} interleavings in {clock.Elapsed.TotalSeconds:F1} s, seed {seed}: "
            + $"{string.Join(", ", verdicts.Select(static v => $"{v.Value} {v.Key}"))}";
        TestContext.Current.SendDiagnosticMessage(report);
        Assert.True(problems.Count == 0, $"{report}\n{string.Join('\n', problems.Take(20))}");
    }

    private async Task<List<string>> Differences(Interleaving[] all)
    {
        var differences = new List<string>();
        for (var account = 0; account < 10; account++)
        {
            var expected = Bank.Start + all.Where((_, i) => i % 10 == account).Sum(static one => one.Expected);
            var balance = await bank.Balance(account);
            if (balance != expected)
            {
                differences.Add($"account {account}: {balance} instead of {expected}");
            }
        }

        var effects = (await bank.Effects()).ToLookup(static e => e.Gid, static e => e.Op);
        foreach (var (one, i) in all.Select(static (one, i) => (one, i)))
        {
            var (expected, there) =
                (string.Join(' ', one.ExpectedEffects.Order()), string.Join(' ', effects[$"{_prefix}-{i}"].Order()));
            if (expected != there)
            {
                differences.Add($"{i}: effects '{there}' instead of '{expected}': {string.Join(", ", one.Verdicts)}");
            }
        }

        return differences;
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbBarrierRaceTests(DatabaseUnderTest<MariaDbServer> database)
    : BarrierRaceTests(new MariaDbBank(database), 1500);

[Collection(SharedMySql.Name)]
public sealed class MySqlBarrierRaceTests(DatabaseUnderTest<MySqlServer> database)
    : BarrierRaceTests(new MySqlBank(database), 300);

[Collection(SharedXaPostgres.Name)]
public sealed class PostgresBarrierRaceTests(DatabaseUnderTest<XaPostgresServer> database)
    : BarrierRaceTests(new PostgresBank(database), 1500);

public sealed class SqliteBarrierRaceTests() : BarrierRaceTests(new SqliteBank(), 100);
