using System.Collections.Concurrent;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>Silos come and go while sagas run.</summary>
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

        // A silo killed in this process is a zombie: calls that it has under way still arrive.
        TransferCheck.AllIsRight(transfers, statuses, teller.Bank, allowsLateCalls: true);
    }
}
