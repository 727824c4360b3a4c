using System.Globalization;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>One of two silos on a database is killed repeatedly while both transfer money.</summary>
public abstract class KillTests<TServer>(DatabaseUnderTest<TServer> database, ITestOutputHelper output)
    where TServer : DatabaseServer, new()
{
    private const int Rounds = 5;
    private const int Clients = 64;

    /// <summary>The number of responses after a kill that shows that work continues.</summary>
    private const int AnswersAfterKill = 4 * Clients;

    private static readonly TimeSpan BackLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_silo_loses_nothing_and_the_other_goes_on()
    {
        var seed = int.TryParse(
            Environment.GetEnvironmentVariable("CRASH_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : Environment.TickCount;
        output.WriteLine($"CRASH_SEED={seed}");
        var random = new Random(seed);
        var bank = new Bank();
        var connection = database.NewDatabase();
        await using var service = await Participant.Start(bank.Answer);
        await using var first = await ClusterProcess.Start(database.Server, connection, Cancel);
        await using var second = await ClusterProcess.Start(database.Server, connection, Cancel);
        ServerProcess[] silos = [first, second];
        using var toFirst = new Dtm(first, TimeSpan.FromSeconds(10));
        using var toSecond = new Dtm(second, TimeSpan.FromSeconds(10));
        var clients = new TransferClients([toFirst, toSecond], service.Url, seed);
        clients.Start(Clients);
        for (var round = 0; round < Rounds; round++)
        {
            await clients.Answered(2 * Clients + random.Next(4 * Clients)).WaitAsync(EndLimit, Cancel);
            var victim = silos[random.Next(silos.Length)];
            var killed = clients.Now;
            await victim.Kill(Cancel);
            await clients.Answered(AnswersAfterKill).WaitAsync(BackLimit, Cancel);
            var answered = clients.Now - killed;
            await victim.Restart(Cancel);
            output.WriteLine(
                $"kill {round + 1}: {AnswersAfterKill} answers after {answered.TotalSeconds:F1} s, half the rate after "
                + $"{clients.BackAfter(killed)?.TotalSeconds:F1} s, the silo back after "
                + $"{victim.Startup.TotalSeconds:F1} s");
        }

        await clients.Stop();
        var statuses = await clients.Ends(toFirst, EndLimit);
        output.WriteLine(
            $"{clients.Transfers.Count} transfers, {service.Calls.Count} calls, "
            + $"{statuses.Values.Count(static s => s == "failed")} failed");
        TransferCheck.AllIsRight(clients.Transfers, statuses, bank);
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbKillTests(DatabaseUnderTest<MariaDbServer> database, ITestOutputHelper output)
    : KillTests<MariaDbServer>(database, output);

[Collection(SharedMySql.Name)]
public sealed class MySqlKillTests(DatabaseUnderTest<MySqlServer> database, ITestOutputHelper output)
    : KillTests<MySqlServer>(database, output);
