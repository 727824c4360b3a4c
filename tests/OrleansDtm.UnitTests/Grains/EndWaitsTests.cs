using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;
using Transactions = OrleansDtm.Grains.Running.Transactions;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The places of requests that wait for the end of a transaction.</summary>
public sealed class EndWaitsTests
{
    [Fact]
    public async Task Callers_that_have_gone_leave_their_places_to_others()
    {
        await using var store = new InMemoryTransactionStore();
        var saga = StoredSamples.Plain("saga");
        await store.Write(StoredSamples.Insert(saga), TestContext.Current.CancellationToken);
        var transactions = new Transactions(
            new Lazy<RunnerServices>(static () => throw new NotSupportedException()),
            new Alone(),
            TimeProvider.System,
            TurnScheduler.ThreadPool(TimeProvider.System));
        var waits = new EndWaits(store, new Lazy<Transactions>(transactions));
        using var gone = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, EndWaits.WaitsMax)
            .Select(_ => waits.Wait("saga", TimeSpan.FromHours(1), gone.Token)).ToArray();
        Assert.Equal(EndWait.TooMany, await Look());

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiting));
        Assert.Equal(EndWait.Unfinished, await Look());

        Task<EndWait> Look() => waits.Wait("saga", TimeSpan.Zero, TestContext.Current.CancellationToken);
    }

    private sealed class Alone : ICluster
    {
        public bool IsHere(string gid) => true;

        public Task<TransactionReply> Send(string gid, EventMessage message) => throw new NotSupportedException();
    }
}
