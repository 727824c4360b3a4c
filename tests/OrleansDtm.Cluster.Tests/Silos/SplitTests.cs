using System.Collections.Concurrent;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>
/// Two silos that do not know each other work on the same rows. The versions of the rows decide; the loser drops its
/// state.
/// </summary>
public sealed class SplitTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly InMemoryTransactionStore _store = new();
    private readonly Bank _bank = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_gid_that_is_active_twice_is_carried_out_once()
    {
        var random = new Random(4);
        var transfers = Enumerable.Range(0, 100).Select(_ => Transfer.Draw(random, SagaBody.NewGid())).ToList();
        await using var left = await Fleet.Start(1, _store, new TellerBank(_bank));
        await using var right = await Fleet.Start(1, _store, new TellerBank(_bank));

        await Parallel.ForEachAsync(transfers, Cancel, async (transfer, _) =>
            await Task.WhenAll(left.Submit(transfer), right.Submit(transfer)));

        TransferCheck.AllIsRight(transfers, await Fleet.Ends(_store, transfers), _bank);
    }

    [Fact]
    public async Task Submit_on_one_side_and_abort_on_the_other_end_in_one_of_the_two()
    {
        var calls = new Recorder();
        await using var left = await Fleet.Start(1, _store, calls);
        await using var right = await Fleet.Start(1, _store, calls);
        var gids = Enumerable.Range(0, 60).Select(static _ => SagaBody.NewGid()).ToList();

        await Parallel.ForEachAsync(gids, Cancel, async (gid, _) =>
        {
            Assert.Equal(ReplyKind.Ok, (await left.Grain(gid).Prepare(Fleet.Tcc)).Kind);
            var registered = right.Grain(gid).Register(
                TransactionType.Tcc, "01", ("cancel", "http://bank/cancel"), ("confirm", "http://bank/confirm"));
            Assert.Equal(ReplyKind.Ok, (await registered).Kind);
            await Task.WhenAll(left.Grain(gid).Submit(Fleet.Tcc), right.Grain(gid).Abort(TransactionType.Tcc));
        });

        foreach (var gid in gids)
        {
            var forward = (await Fleet.End(_store, gid)).Status == TransactionStatus.Succeed;
            Assert.Equal([forward ? "confirm" : "cancel"], calls.Ops(gid));
        }
    }

    [Fact]
    public async Task A_silo_that_wakes_up_late_finds_its_transaction_ended_by_another_and_forgets_its_own()
    {
        var gate = new Gate();
        var paused = new TellerBank(_bank) { Delay = (_, _) => gate.Opened };
        await using var sleeper = await Fleet.Start(1, _store, paused);
        var transfer = new Transfer(
            SagaBody.NewGid(), new Booking(0, -7, Trouble.None), new Booking(1, 7, Trouble.None));
        var saga = TellerBank.Saga(transfer) with { WaitResult = false, RequestTimeoutMs = 600_000 };
        Assert.Equal(ReplyKind.Ok, (await sleeper.Grain(transfer.Gid).Submit(saga)).Kind);

        // This silo's clock is an hour ahead, so the caller's lease is over for it.
        await using var other = await Fleet.Start(
            1, _store, new TellerBank(_bank), static o => o.Clock = new ShiftedClock(TimeSpan.FromHours(1)));
        var ended = await Fleet.End(_store, transfer.Gid);
        Assert.Equal(TransactionStatus.Succeed, ended.Status);
        gate.Open();

        // Until the late response is written to the row, the silo replies from its outdated memory.
        TransactionReply? reply = null;
        await Poll.Until(
            async () => (reply = await sleeper.Grain(transfer.Gid).Submit(saga)).Kind == ReplyKind.Conflict,
            Patience,
            () => $"it still answers {reply}",
            Cancel);
        Assert.Equal("succeed", reply!.Status);
        Assert.Equal(ended.Version, (await _store.Load(transfer.Gid, Cancel))!.Transaction.Version);
        TransferCheck.AllIsRight([transfer], await Fleet.Ends(_store, [transfer]), _bank, allowsLateCalls: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Clocks_an_hour_apart_change_nothing_but_when_a_call_is_made_again(int hours)
    {
        var random = new Random(5 + hours);
        var transfers = Enumerable.Range(0, 100).Select(_ => Transfer.Draw(random, SagaBody.NewGid())).ToList();
        await using var right = await Fleet.Start(1, _store, new TellerBank(_bank));
        await using var shifted = await Fleet.Start(
            1, _store, new TellerBank(_bank), o => o.Clock = new ShiftedClock(TimeSpan.FromHours(hours)));
        Fleet[] sides = [right, shifted];

        await Parallel.ForEachAsync(transfers.Index(), Cancel, async (t, _) => await sides[t.Index % 2].Submit(t.Item));

        // The silo whose clock is ahead treats the other's calls in flight as lost; barriers handle the late calls.
        TransferCheck.AllIsRight(transfers, await Fleet.Ends(_store, transfers), _bank, allowsLateCalls: true);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private sealed class ShiftedClock(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + shift;
    }

    /// <summary>Services that accept every call and record it.</summary>
    private sealed class Recorder : IBranchInvoker
    {
        private readonly ConcurrentQueue<(string Gid, string Op)> _calls = [];

        public IEnumerable<string> Ops(string gid) =>
            _calls.Where(c => c.Gid == gid).Select(static c => c.Op).Distinct();

        public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
        {
            _calls.Enqueue((call.Gid, call.Op));
            return Task.FromResult(Outcome.Succeeded);
        }
    }
}
