using System.Globalization;
using MySqlConnector;
using OrleansDtm.Faults.Machines;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Processes;

/// <summary>Silos that are declared dead, rightly or wrongly.</summary>
[Collection(SharedMariaDb.Name)]
public sealed class DeathTests(DatabaseUnderTest<MariaDbServer> database, ITestOutputHelper output)
{
    private const int Clients = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ServeLimit = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_paused_silo_that_wakes_up_after_its_death_ends_itself_and_spoils_nothing()
    {
        var bank = new Bank();
        var connection = database.NewDatabase();
        await using var service = await Participant.Start(bank.Answer);
        await using var sleeper = await ClusterProcess.Start(database.Server, connection, Cancel);
        await using var other = await ClusterProcess.Start(database.Server, connection, Cancel);
        using var toSleeper = new Dtm(sleeper, TimeSpan.FromSeconds(2));
        using var toOther = new Dtm(other, TimeSpan.FromSeconds(10));
        var clients = new TransferClients([toSleeper, toOther], service.Url, seed: 1);
        clients.Start(Clients);
        await clients.Answered(4 * Clients).WaitAsync(Patience, Cancel);

        var paused = clients.Now;
        await sleeper.Pause(Cancel);
        await Poll.Until(
            async () => await Dead(connection) == 1,
            Patience,
            () => $"the death is not detected:\n{other.Tail}",
            Cancel);
        output.WriteLine($"declared dead after {(clients.Now - paused).TotalSeconds:F1} s");
        await clients.Answered(4 * Clients).WaitAsync(Patience, Cancel);
        output.WriteLine($"{4 * Clients} more answers after {(clients.Now - paused).TotalSeconds:F1} s");
        await sleeper.Resume(Cancel);

        Assert.Equal(FatalExit.ExitCode, await sleeper.Exit(Patience, Cancel));
        await clients.Stop();
        var statuses = await clients.Ends(toOther, Patience);

        // A call that was in flight at the pause may arrive at any later time; barriers handle that.
        TransferCheck.AllIsRight(clients.Transfers, statuses, bank, allowsLateCalls: true);
    }

    [Fact]
    public async Task All_silos_killed_and_started_on_new_addresses_serve_at_once_and_take_up_what_was_under_way()
    {
        var connection = database.NewDatabase();
        await using var busi = await Participant.Start();
        busi.On("/Act2", new Reply(200) { Gate = new Gate() }, Reply.Success);
        var gid = SagaBody.NewGid();
        await using (var first = await ClusterProcess.Start(database.Server, connection, Cancel))
        await using (var second = await ClusterProcess.Start(database.Server, connection, Cancel))
        {
            using var dtm = new Dtm(second);

            // A silo that does not detect the caller's death would wait for these 10 minutes.
            await dtm.Accept(SagaBody.Of(gid, busi).With("request_timeout", 600));
            await busi.Called("/Act2");
            await Task.WhenAll(first.Kill(Cancel), second.Kill(Cancel));
        }

        var starts = Task.WhenAll(
            ClusterProcess.Start(database.Server, connection, Cancel), ClusterProcess.Start(
                database.Server, connection, Cancel));
        var silos = await starts.WaitAsync(ServeLimit, Cancel);
        output.WriteLine(
            $"they serve after {string.Join(" and ", silos.Select(static s => $"{s.Startup.TotalSeconds:F1} s"))}");
        await using var third = silos[0];
        await using var fourth = silos[1];
        using var again = new Dtm(third);
        await again.Until("succeed", gid);
        Assert.Equal(2, busi.On("/Act2").Count);
    }

    [Fact]
    public async Task A_silo_that_is_told_to_stop_leaves_its_work_to_the_other_without_a_failed_request()
    {
        var bank = new Bank();
        var connection = database.NewDatabase();
        await using var service = await Participant.Start(bank.Answer);
        await using var leaver = await ClusterProcess.Start(database.Server, connection, Cancel);
        await using var other = await ClusterProcess.Start(database.Server, connection, Cancel);
        using var toLeaver = new Dtm(leaver, TimeSpan.FromSeconds(10));
        using var toOther = new Dtm(other, TimeSpan.FromSeconds(10));
        var clients = new TransferClients([toOther], service.Url, seed: 2);
        var leaving = new TransferClients([toLeaver], service.Url, seed: 3);
        clients.Start(Clients);
        leaving.Start(Clients);
        await leaving.Answered(4 * Clients).WaitAsync(Patience, Cancel);

        await leaving.Stop(); // As a Kubernetes Service does, which removes the pod before it gets its SIGTERM.
        Assert.Equal(0, await leaver.Terminate(Patience, Cancel));
        await clients.Answered(4 * Clients).WaitAsync(Patience, Cancel);

        await clients.Stop();
        Assert.Equal(1, await Dead(connection));
        Assert.Empty(clients.Failures);
        var statuses =
            (await clients.Ends(toOther, Patience)).Concat(await leaving.Ends(toOther, Patience)).ToDictionary();
        TransferCheck.AllIsRight([.. clients.Transfers, .. leaving.Transfers], statuses, bank);
    }

    /// <summary>
    /// Behind: the clock is behind that of the predecessor on the same address, and behind the neighbour's. Ahead:
    /// Orleans' grains start nevertheless.
    /// </summary>
    [Theory]
    [InlineData("-3h")]
    [InlineData("+3h")]
    public async Task A_silo_whose_clock_is_hours_behind_or_ahead_joins(string wrong)
    {
        if (FakeTime.Library is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "faketime is not installed");
            Assert.Skip("faketime is not installed");
        }

        var connection = database.NewDatabase();
        var place = ("ORLEANSDTM_Cluster__SiloPort", FreePort.Next().ToString(CultureInfo.InvariantCulture));
        await using var other = await ClusterProcess.Start(database.Server, connection, Cancel);
        await using (var first = await ClusterProcess.Start(database.Server, connection, Cancel, place))
        {
            await first.Kill(Cancel);
        }

        await using var second = await ClusterProcess.Start(
            database.Server, connection, Cancel, [place, .. FakeTime.Variables(wrong)]);
        output.WriteLine($"it serves after {second.Startup.TotalSeconds:F1} s");
        using var dtm = new Dtm(second);
        await using var busi = await Participant.Start();
        var gid = SagaBody.NewGid();
        await dtm.Accept(SagaBody.Of(gid, busi));
        var ended = await dtm.Until("succeed", gid);

        // The silo uses the database's clock.
        Assert.InRange(
            (DateTimeOffset)ended["create_time"]!,
            DateTimeOffset.UtcNow.AddMinutes(-1),
            DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Matches(
            $@"This machine's clock differs by {(wrong[0] == '-' ? '1' : "-1")}\d+\.\d s from the database's\. "
                + @"Transactions use the database's clock\. Synchronize both \(NTP\)\. \[ODTM2015\]",
            second.Tail);
        Assert.DoesNotContain("Error activating grain", second.Tail, StringComparison.Ordinal);
    }

    private static async Task<long> Dead(string connectionString)
    {
        await using var connection = new MySqlConnection(connectionString);
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from OrleansMembershipTable where Status = 6";
        return (long)(await command.ExecuteScalarAsync(Cancel))!;
    }
}
