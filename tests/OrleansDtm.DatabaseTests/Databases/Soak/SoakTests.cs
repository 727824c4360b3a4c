using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>
/// The real coordinator on a real database server, with clients of every pattern and one fault after the other. Runs
/// for ORLEANSDTM_SOAK_MINUTES (default 1); ORLEANSDTM_SOAK_SEED repeats the draws of a run. Runs in parallel with
/// other tests, because it mostly waits and does not measure speed.
/// </summary>
public abstract class SoakTests(ITestOutputHelper output)
{
    private const int Clients = 32;

    /// <summary>
    /// The memory limit in MiB. A leak of each transaction would exceed it in a long run; a full queue or cache does
    /// not.
    /// </summary>
    private const long MemoryMax = 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Faults_of_store_coordinator_and_branches_lose_nothing_and_do_nothing_twice()
    {
        var seed = (int)(Setting("ORLEANSDTM_SOAK_SEED") ?? Environment.TickCount);
        output.WriteLine($"ORLEANSDTM_SOAK_SEED={seed.ToString(CultureInfo.InvariantCulture)}");
        var found = await Soak(Create(), TimeSpan.FromMinutes(Setting("ORLEANSDTM_SOAK_MINUTES") ?? 1), seed);
        Assert.True(
            found.Count == 0,
            $"{found.Count} violations (1000 = or more) with seed {seed}:\n{string.Join('\n', found.Take(20))}");
    }

    protected abstract SoakDatabase Create();

    private static double? Setting(string name) =>
        double.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : null;

    /// <returns>The violations.</returns>
    private async Task<IReadOnlyList<string>> Soak(SoakDatabase database, TimeSpan time, int seed)
    {
        await using var owned = database;
        var driver = database.Server.Driver;
        if (database.Server.FindMissing() is { } missing)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{missing} is not installed");
            Assert.Skip($"{missing} is not installed");
        }

        await database.Server.Start(Cancel);
        await database.Prepare(Cancel);
        var ledger = new SoakLedger(line => output.WriteLine($"{driver}: {line}"));
        await using var branches = await SoakBranches.Start(ledger);
        await using var coordinator = await SoakCoordinator.Start(ledger, driver, database.ConnectionString, Cancel);
        var run = $"soak-{driver}";
        var faults = new SoakFaults(
            seed, database, coordinator, branches, ledger, run, line => output.WriteLine($"{driver}: {line}"));
        var clients = Enumerable.Range(0, Clients)
            .Select(n => new SoakClient(n, seed + 100 + n, ledger, coordinator, branches.Url, run))
            .ToList();

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        stop.CancelAfter(time);
        var longest = TimeSpan.FromSeconds(Math.Clamp(time.TotalSeconds / 6, 2, 20));
        await Task.WhenAll([
            faults.Run(longest, stop.Token, Cancel),
            faults.RunMoods(stop.Token),
            .. clients.Select(c => Task.Run(() => c.Run(stop.Token), Cancel)),
        ]);

        var settling = Stopwatch.StartNew();
        var judge = new SoakJudge(ledger, coordinator);
        await judge.Judge(Cancel);
        if (coordinator.MemoryMax > MemoryMax)
        {
            ledger.Violate($"the coordinator used {coordinator.MemoryMax} MiB");
        }

        Tell(driver, ledger, coordinator, branches, faults, judge, settling.Elapsed);
        return ledger.Violations;
    }

    private void Tell(
        string driver, SoakLedger ledger, SoakCoordinator coordinator, SoakBranches branches, SoakFaults faults,
        SoakJudge judge, TimeSpan settled)
    {
        output.WriteLine($"{driver}: {ledger.Cases.Count} transactions, {branches.Calls} calls of branches; all judged "
            + $"{settled.TotalSeconds:F1} s after the last fault");
        foreach (var line in judge.Ends)
        {
            output.WriteLine($"{driver}:   {line}");
        }

        output.WriteLine($"{driver}: answers to changes: {coordinator.Answers}; the longest took "
            + $"{coordinator.LongestAnswer.TotalSeconds:F1} s");
        foreach (var kind in faults.Past.GroupBy(static f => f.Kind).OrderBy(static g => g.Key))
        {
            output.WriteLine(
                $"{driver}:   {kind.Key} {kind.Count()} times, at most "
                + $"{kind.Max(static f => f.Lasted).TotalSeconds:F1} s; "
                + $"first saga after its end: at most {kind.Max(static f => f.Recovery).TotalSeconds:F2} s");
        }

        var lateness = ledger.Cases.Select(static c => c.Lateness).OfType<TimeSpan>().Order().ToList();
        output.WriteLine($"{driver}: branch service: {faults.Moods}");
        if (lateness.Count > 0)
        {
            output.WriteLine(
                $"{driver}: delayed messages, faults included: half at most "
                + $"{lateness[lateness.Count / 2].TotalSeconds:F2} s late, the last {lateness[^1].TotalSeconds:F2} s");
        }

        output.WriteLine($"{driver}: {coordinator.LateCommits} commits came after they had been given up, and were "
            + "found out by the version");
        output.WriteLine($"{driver}: memory at most {coordinator.MemoryMax} MiB; {ledger.Violations.Count} violations");
    }
}

public sealed class MariaDbSoakTests(ITestOutputHelper output) : SoakTests(output)
{
    protected override SoakDatabase Create() => new SoakMariaDb();
}

public sealed class PostgresSoakTests(ITestOutputHelper output) : SoakTests(output)
{
    protected override SoakDatabase Create() => new SoakPostgres();
}
