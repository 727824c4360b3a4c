using System.Collections.Concurrent;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>Silos join and leave while sagas run.</summary>
public sealed class FleetTests(ITestOutputHelper output)
{
    private const int Clients = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Silos_that_die_leave_and_come_lose_nothing()
    {
        await using var store = new InMemoryTransactionStore();
        var teller = new TellerBank(new Bank());
        await using var fleet = await Fleet.Start(3, store, teller);
        var transfers = new ConcurrentQueue<Transfer>();
        var submitted = new Tally();
        var enough = false;
        var clients = Enumerable.Range(0, Clients).Select(async client =>
        {
            var random = new Random(client);
            while (!Volatile.Read(ref enough))
            {
                var transfer = Transfer.Draw(random, SagaBody.NewGid());
                await fleet.Submit(transfer);
                await Fleet.End(store, transfer.Gid);
                transfers.Enqueue(transfer);
                submitted.Add();
            }
        }).ToList();

        await submitted.Next(50).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await fleet.Kill(1);
        await submitted.Next(50).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await fleet.Add();
        await submitted.Next(50).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await fleet.Stop(1);
        await submitted.Next(50).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await fleet.Add();
        await submitted.Next(50).WaitAsync(Patience, TestContext.Current.CancellationToken);
        Volatile.Write(ref enough, true);
        await Task.WhenAll(clients);

        var statuses = await Fleet.Ends(store, transfers);
        output.WriteLine($"{transfers.Count} transfers");

        // A silo killed in this process is a zombie: its calls in flight still arrive.
        TransferCheck.AllIsRight(transfers, statuses, teller.Bank, allowsLateCalls: true);
    }

    [Fact]
    public async Task What_a_dead_silo_had_under_way_is_taken_over_without_waiting_for_its_lease()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var store = new InMemoryTransactionStore();
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new Gate();
        var teller = new TellerBank(new Bank())
        {
            Delay = (_, _) => first.TrySetResult() ? gate.Opened : Task.CompletedTask,
        };
        await using var fleet = await Fleet.Start(3, store, teller);
        var transfer = new Transfer(
            SagaBody.NewGid(), new Booking(0, -7, Trouble.None), new Booking(1, 7, Trouble.None));
        var saga = TellerBank.Saga(transfer) with { WaitResult = false, RequestTimeoutMs = 600_000 };
        await fleet.Grain(transfer.Gid).Submit(saga);
        await first.Task.WaitAsync(Patience, cancel);

        // In this process, the kill completes only when the call has ended.
        var killing = fleet.KillOwner(transfer.Gid);
        var statuses = await Fleet.Ends(store, [transfer]);
        gate.Open();
        await killing;

        Assert.Equal("succeed", statuses[transfer.Gid]);
    }
}
