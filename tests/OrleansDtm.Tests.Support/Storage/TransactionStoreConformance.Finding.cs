using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

public abstract partial class TransactionStoreConformance
{
    private static readonly DateTimeOffset Far = StoredSamples.Start.AddDays(30);

    [Fact]
    public async Task FindDue_IsInclusiveAndOldestFirst_WithoutThoseThatWaitForNothing()
    {
        await Insert("b", due: 20);
        await Insert("a", due: 10);
        await Insert("later", due: 31);
        await Insert("never", due: null);
        await Insert("c", due: 30);
        await Insert("b2", due: 20);
        var finished = await Insert("finished", due: 5);
        await Write(StoredSamples.Update(finished, static t => StoredSamples.Finish(t)));

        var found = await Store.FindDue(At(30), null, 100, Token);
        Assert.Equal(["a", "b", "b2", "c"], found.Select(static d => d.Gid));
        Assert.Equal([At(10), At(20), At(20), At(30)], found.Select(static d => d.Due));
        Assert.Empty(await Store.FindDue(At(9), null, 100, Token));
        Assert.Empty(await Store.FindDue(At(30), null, 0, Token));
    }

    [Fact]
    public async Task Finished_IsFoundAsLongAsItsNoticeWaits()
    {
        var state = await Insert("told", due: 1);
        var calling = StoredSamples.Update(state, static t => StoredSamples.Announce(t, At(40)), owner: 8);
        await Write(calling);
        Assert.Equal([("told", At(40))], Found(await Store.FindDue(At(40), null, 10, Token)));
        Assert.Equal([("told", At(40))], Found(await Store.FindInterrupted(StoredSamples.Self, true, 0, 10, Token)));
        Assert.Empty(await Store.FindWaiting(At(39), null, 10, Token)); // No pending call could be made earlier.

        var waiting = StoredSamples.Update(calling.Next, static t => t with
        {
            Notice = t.Notice! with { InFlight = false, Attempts = 1, RetryAt = At(60) },
            WakeAt = At(60),
            LeaseUntil = null,
        });
        await Write(waiting);
        Assert.Empty(await Store.FindDue(At(59), null, 10, Token));
        Assert.Equal([("told", At(60))], Found(await Store.FindDue(At(60), null, 10, Token)));
        Assert.Empty(await Store.FindInterrupted(StoredSamples.Self, true, 0, 10, Token));
        Assert.Equal(
            StoredSamples.Describe(waiting.Next),
            StoredSamples.Describe((await Store.Load("told", Token))!.Transaction));

        var told = StoredSamples.Update(waiting.Next, static t => t with
        {
            Notice = t.Notice! with { Status = BranchStatus.Succeed, RetryAt = null },
            WakeAt = null,
        });
        await Write(told);
        Assert.Empty(await Store.FindDue(At(1000), null, 10, Token));
        Assert.Empty(await Store.FindWaiting(At(0), null, 10, Token));
        Assert.Equal(
            StoredSamples.Describe(told.Next), StoredSamples.Describe((await Store.Load("told", Token))!.Transaction));

        static IEnumerable<(string Gid, DateTimeOffset Due)> Found(IEnumerable<DueTransaction> found) =>
            found.Select(static d => (d.Gid, d.Due));
    }

    [Fact]
    public async Task CountUnfinishedCreatedBefore_EachMoment_WithoutTheFinished()
    {
        Assert.Equal([0L, 0], await Store.CountUnfinishedCreatedBefore([At(0), At(9)], Token));
        await Write(StoredSamples.Insert(StoredSamples.Plain("old", created: At(1))));
        await Write(StoredSamples.Insert(StoredSamples.Plain("waiting", due: At(99), created: At(2))));
        await Write(StoredSamples.Insert(
            StoredSamples.Plain("turning", created: At(2)) with { Status = TransactionStatus.Aborting }));
        await Write(StoredSamples.Insert(StoredSamples.Plain("young", created: At(5))));
        await Write(StoredSamples.Insert(StoredSamples.Plain("failed", created: At(1)) with
        {
            Status = TransactionStatus.Failed,
            Finished = At(3),
        }));
        await Write(StoredSamples.Insert(
            StoredSamples.Plain("done", created: At(1)) with { Status = TransactionStatus.Succeed, Finished = At(3) }));

        Assert.Equal([4L, 3, 1, 0], await Store.CountUnfinishedCreatedBefore([At(6), At(5), At(2), At(1)], Token));
        Assert.Equal([1L], await Store.CountUnfinishedCreatedBefore([At(1).AddTicks(1)], Token));
    }

    [Fact]
    public async Task CountUnfinished_ByTypeAndStatus_WithoutTheFinished()
    {
        Assert.Empty(await Store.CountUnfinished(At(0), Token));
        await Insert("overdue", due: 9);
        await Insert("on time", due: 10);
        await Insert("never");
        var turn = StoredSamples.Update(
            await Insert("turning", due: 1), static t => t with { Status = TransactionStatus.Aborting });
        await Write(turn);
        var plain = StoredSamples.Plain("prepared");
        var definition = plain.Definition with { Type = TransactionType.Tcc };
        var prepared = plain with { Status = TransactionStatus.Prepared, Definition = definition };
        await Write(StoredSamples.Insert(prepared));
        var finished = await Insert("finished", due: 2);
        await Write(StoredSamples.Update(finished, static t => StoredSamples.Finish(t)));
        var told = await Insert("told", due: 3);
        await Write(StoredSamples.Update(told, static t => StoredSamples.Announce(t, At(4)), owner: 8));
        var failed = await Insert("failed", due: 5);
        await Write(StoredSamples.Update(failed, static t => StoredSamples.Finish(t, TransactionStatus.Failed)));

        UnfinishedCount submitted = new(TransactionType.Saga, TransactionStatus.Submitted, 3, 1);
        UnfinishedCount aborting = new(TransactionType.Saga, TransactionStatus.Aborting, 1, 1);
        UnfinishedCount waiting = new(TransactionType.Tcc, TransactionStatus.Prepared, 1, 0);
        await AssertCounts(At(10), aborting, submitted, waiting);
        await AssertCounts(At(10).AddTicks(1), aborting, submitted with { Overdue = 2 }, waiting);
        await AssertCounts(At(1), aborting with { Overdue = 0 }, submitted with { Overdue = 0 }, waiting);

        await Write(StoredSamples.Update(turn.Next, static t => t with { WakeAt = At(50) }));
        await Write(StoredSamples.Update(
            prepared, static t => t with { WakeAt = At(1), Status = TransactionStatus.Submitted }));
        waiting = waiting with { Status = TransactionStatus.Submitted, Overdue = 1 };
        await AssertCounts(At(10), aborting with { Overdue = 0 }, submitted, waiting);
    }

    [Fact]
    public async Task FindDue_GoesByTheEarlierOfWakeAndLease_AndFollowsUpdates()
    {
        var state = StoredSamples.Plain("x") with { WakeAt = At(50), LeaseUntil = At(40) };
        await Write(StoredSamples.Insert(state, StoredSamples.Self));
        Assert.Equal(At(40), Assert.Single(await Store.FindDue(At(60), null, 10, Token)).Due);

        var answered = StoredSamples.Update(state, static t => t with { LeaseUntil = null });
        await Write(answered);
        Assert.Equal(At(50), Assert.Single(await Store.FindDue(At(60), null, 10, Token)).Due);

        var same = StoredSamples.Update(answered.Next, static t => t with { Result = "due stays" });
        await Write(same);
        Assert.Equal(At(50), Assert.Single(await Store.FindDue(At(60), null, 10, Token)).Due);

        await Write(StoredSamples.Update(same.Next, static t => t with { WakeAt = null }));
        Assert.Empty(await Store.FindDue(At(60), null, 10, Token));
    }

    [Fact]
    public async Task FindDue_PagesWithoutGapsOrDuplicates()
    {
        for (var i = 0; i < 50; i++)
        {
            await Insert($"p{i}", due: i * 7 % 10);
        }

        var seen = new List<DueTransaction>();
        for (DueTransaction? after = null; ;)
        {
            var page = await Store.FindDue(At(8), after, 7, Token);
            seen.AddRange(page);
            if (page.Count == 0)
            {
                break;
            }

            Assert.True(page.Count <= 7);
            after = page[^1];
        }

        Assert.Equal(45, seen.Count);
        Assert.Equal(seen.OrderBy(static d => d.Due).ThenBy(static d => d.Id), seen);
        Assert.Equal(45, seen.Select(static d => d.Gid).Distinct().Count());
        Assert.Empty(await Store.FindDue(At(1), seen[^1], 7, Token));
    }

    [Fact]
    public async Task FindInterrupted_FindsCallsOfOthers()
    {
        var long1 = long.MaxValue - 1;
        await Insert("mine", due: 1, owner: StoredSamples.Self);
        await Insert("theirs", due: 2, owner: 8);
        await Insert("idle", due: 3);
        await Insert("others", due: 4, owner: long1);
        await Insert("negative", due: 5, owner: -3);
        var finished = await Insert("finished", due: 6, owner: 8);
        await Write(StoredSamples.Update(finished, static t => StoredSamples.Finish(t), owner: 8));
        var answered = await Insert("answered", due: 7, owner: 8);
        await Write(StoredSamples.Update(answered, static t => t with { Result = "r" }));

        var found = await Store.FindInterrupted(StoredSamples.Self, true, 0, 10, Token);
        Assert.Equal(["theirs", "others", "negative"], found.Select(static d => d.Gid));
        Assert.Equal(At(2), found[0].Due);
        Assert.Equal(
            ["theirs"], (await Store.FindInterrupted(StoredSamples.Self, true, 0, 1, Token)).Select(static d => d.Gid));
        Assert.Equal(
            ["others"],
            (await Store.FindInterrupted(StoredSamples.Self, true, found[0].Id, 1, Token)).Select(static d => d.Gid));
        Assert.Equal(["others"], (await Store.FindInterrupted(long1, false, 0, 10, Token)).Select(static d => d.Gid));
        Assert.Equal(
            ["mine", "theirs", "negative"],
            (await Store.FindInterrupted(long1, true, 0, 10, Token)).Select(static d => d.Gid));
    }

    [Fact]
    public async Task FindWaiting_IsExclusiveAndLatestFirst()
    {
        foreach (var (gid, due) in new[] { ("a", 10), ("c", 30), ("b", 20) })
        {
            await Write(StoredSamples.Insert(StoredSamples.Retrying(gid, At(due))));
        }

        await Insert("never", due: null);
        Assert.Equal(["c", "b"], (await Store.FindWaiting(At(10), null, 10, Token)).Select(static d => d.Gid));
        Assert.Equal(["c"], (await Store.FindWaiting(At(0), null, 1, Token)).Select(static d => d.Gid));
        Assert.Empty(await Store.FindWaiting(At(30), null, 10, Token));
    }

    /// <summary>The number of delayed transactions before the searched one exceeds the size of a read.</summary>
    [Fact]
    public async Task FindWaiting_PassesOverWhatWaitsForADeadlineOnly()
    {
        await Task.WhenAll(Enumerable.Range(0, 1100).Select(i => Insert($"delayed{i}", due: 100 + (i % 7))));
        await Write(StoredSamples.Insert(StoredSamples.Retrying("retrying", At(50))));
        var asked = StoredSamples.Rich("asked") with
        {
            Status = TransactionStatus.Prepared,
            Finished = null,
            WakeAt = At(40),
            LeaseUntil = null,
        };
        await Write(StoredSamples.Insert(asked with
        {
            Branches = [],
            Query = asked.Query! with { InFlight = false, RetryAt = At(40) },
            Notice = null,
        }));

        Assert.Equal(
            ["retrying", "asked"], (await Store.FindWaiting(At(0), null, 10, Token)).Select(static d => d.Gid));
        Assert.Equal(["retrying"], (await Store.FindWaiting(At(0), null, 1, Token)).Select(static d => d.Gid));
        Assert.Empty(await Store.FindWaiting(At(50), null, 10, Token));
    }

    [Fact]
    public async Task List_EveryCombinationOfFilters()
    {
        TransactionType[] types = [TransactionType.Saga, TransactionType.Tcc];
        TransactionStatus[] statuses =
        [
            TransactionStatus.Prepared,
            TransactionStatus.Failed,
            TransactionStatus.Succeed,
        ];
        var all = new List<Transaction>();
        for (var i = 0; i < 24; i++)
        {
            var plain = StoredSamples.Plain($"g{i}", created: At(i / 2));
            var state = plain with
            {
                Status = statuses[i % 3],
                Definition = plain.Definition with { Type = types[i / 3 % 2] },
            };
            await Write(StoredSamples.Insert(state));
            all.Add(state);
        }

        var ids = (await Store.List(new TransactionFilter(), Token)).Select(static s => s.Id).Reverse().ToArray();
        Assert.Equal(24, ids.Length);
        for (var mask = 0; mask < 128; mask++)
        {
            bool Asked(int bit) => (mask & (1 << bit)) != 0;
            var status = Asked(6) ? TransactionStatus.Prepared : TransactionStatus.Failed;
            var filter = new TransactionFilter
            {
                Gid = Asked(0) ? "g10" : null,
                Status = Asked(1) ? status : TransactionStatus.None,
                Type = Asked(2) ? TransactionType.Tcc : TransactionType.None,
                CreatedFrom = Asked(3) ? At(3) : null,
                CreatedTo = Asked(4) ? At(8) : null,
                BeforeId = Asked(5) ? ids[16] : 0,
            };
            var expected = all.Where((t, i) =>
                (!Asked(0) || t.Definition.Gid == "g10")
                && (!Asked(1) || t.Status == status)
                && (!Asked(2) || t.Definition.Type == TransactionType.Tcc)
                && (!Asked(3) || t.Definition.Created >= At(3))
                && (!Asked(4) || t.Definition.Created <= At(8))
                && (!Asked(5) || i < 16)).Reverse().Select(static t => t.Definition.Gid);
            Assert.Equal(expected, (await Store.List(filter, Token)).Select(static s => s.Transaction.Definition.Gid));
        }

        Assert.Equal(8, (await Store.List(new TransactionFilter { Status = TransactionStatus.Prepared }, Token)).Count);
        Assert.Empty(await Store.List(new TransactionFilter { Type = TransactionType.Workflow }, Token));
        Assert.Empty(await Store.List(
            new TransactionFilter { CreatedFrom = At(0).AddTicks(1), CreatedTo = At(1).AddTicks(-1) }, Token));
    }

    [Fact]
    public async Task List_Parked_HasOnlyUnfinishedTransactionsWithACallThatIsPutAside()
    {
        var error = StoredSamples.Retrying("quoted", At(1));
        await Write(StoredSamples.Insert(error with
        {
            Branches = [error.Branches[0] with { LastError = "\"p\":true" }],
            RollbackReason = "{\"p\":true}",
        }));
        await Write(StoredSamples.Insert(StoredSamples.Plain("other", At(1))));
        var resumed = StoredSamples.Parked("resumed");
        foreach (var state in new[]
        {
            StoredSamples.Parked("p1"), StoredSamples.Parked("p2", TransactionStatus.Submitted), resumed,
            StoredSamples.Parked("stopped"), StoredSamples.Parked("p3", TransactionStatus.Prepared),
        })
        {
            await Write(StoredSamples.Insert(state));
        }

        await Write(StoredSamples.Update(
            resumed, static t => t with { Branches = [t.Branches[0] with { Parked = false }] }));
        await Write(StoredSamples.Update(
            StoredSamples.Parked("stopped"), static t => StoredSamples.Finish(t, TransactionStatus.Failed)));

        async Task<IEnumerable<string>> Listed(TransactionFilter filter) =>
            (await Store.List(filter with { Parked = true }, Token)).Select(static s => s.Transaction.Definition.Gid);
        Assert.Equal(["p3", "p2", "p1"], await Listed(new TransactionFilter()));
        Assert.Equal(["p3", "p2"], await Listed(new TransactionFilter { Limit = 2 }));
        Assert.Equal(["p1"], await Listed(new TransactionFilter { Status = TransactionStatus.Aborting }));
        Assert.Equal(["p2"], await Listed(new TransactionFilter
        {
            Status = TransactionStatus.Submitted,
            Type = TransactionType.Saga,
        }));
        Assert.Empty(await Listed(new TransactionFilter { Status = TransactionStatus.Failed }));
    }

    [Fact]
    public async Task List_PagesWithoutDuplicatesWhileOthersInsert()
    {
        for (var i = 0; i < 20; i++)
        {
            await Insert($"old{i}");
        }

        var seen = new List<string>();
        for (var before = 0L; ;)
        {
            var page = await Store.List(new TransactionFilter { BeforeId = before, Limit = 6 }, Token);
            seen.AddRange(page.Select(static s => s.Transaction.Definition.Gid));
            if (page.Count == 0)
            {
                break;
            }

            Assert.True(page.Count <= 6);
            before = page[^1].Id;
            await Insert($"new{seen.Count}");
        }

        Assert.Equal(Enumerable.Range(0, 20).Reverse().Select(static i => $"old{i}"), seen);
        Assert.Empty(await Store.List(new TransactionFilter { Limit = 0 }, Token));
    }

    [Fact]
    public async Task List_OfLargeTransactions_EndsAtTheBytesAndKeepsTheOrder()
    {
        for (var i = 0; i < 4; i++)
        {
            var plain = StoredSamples.Plain($"large{i}");
            var large = plain with
            {
                Definition = plain.Definition with { CustomData = new string('x', 1_500_000) },
            };
            Assert.Equal(WriteResult.Written, await Store.Write(StoredSamples.Insert(large), Token));
        }

        for (var i = 0; i < 3; i++)
        {
            await Insert($"small{i}");
        }

        var first = await Store.List(new TransactionFilter { Limit = 100 }, Token);
        var second = await Store.List(new TransactionFilter { Limit = 100, BeforeId = first[^1].Id }, Token);

        Assert.Equal(["small2", "small1", "small0", "large3", "large2", "large1"], Gids(first));
        Assert.Equal(["large0"], Gids(second));
        Assert.All(second, static s => Assert.Equal(1_500_000, s.Transaction.Definition.CustomData.Length));

        static IEnumerable<string> Gids(IEnumerable<StoredTransaction> rows) =>
            rows.Select(static r => r.Transaction.Definition.Gid);
    }

    [Fact]
    public async Task List_OfTransactionsWithManyBodies_LeavesOutTheirPayloads()
    {
        var state = StoredSamples.Plain("many");
        await Store.Write(StoredSamples.Insert(state), Token);
        for (var i = 2; i < 6; i++)
        {
            var write = StoredSamples.Update(state, s => s with
            {
                Branches = s.Branches.Add(new BranchOp
                {
                    Definition = StoredSamples.Call($"0{i}", BranchOps.Action) with { Payload = new byte[8000] },
                }),
            });
            Assert.Equal(WriteResult.Written, await Store.Write(write, Token));
            state = write.Next;
        }

        var row = Assert.Single(await Store.List(new TransactionFilter(), Token));
        Assert.Equal(5, row.Transaction.Branches.Length);
        Assert.All(row.Transaction.Branches, static b => Assert.Equal(0, b.Definition.Payload.Length));
    }

    [Fact]
    public async Task DeleteFinished_InSlices_SparesTheUnfinishedTheYoungAndTheUntold()
    {
        for (var i = 0; i < 10; i++)
        {
            var state = await Insert($"g{i}", due: 100 + i);
            if (i % 2 == 0)
            {
                await Write(StoredSamples.Update(state, static t => StoredSamples.Finish(t)));
            }
        }

        await Write(
            StoredSamples.Update(await Insert("untold"), static t => StoredSamples.Announce(t, At(40)), owner: 8));
        await Write(StoredSamples.Insert(
            StoredSamples.Plain("young", created: Far) with { Status = TransactionStatus.Failed, Finished = Far }));

        // "young" was created at the limit, not before it.
        Assert.Equal(new RetentionSlice(0, 0), await Store.DeleteFinished(StoredSamples.Start, 0, 100, Token));
        var deleted = 0;
        var slices = 0;
        for (var after = 0L; slices == 0 || after != 0; slices++)
        {
            var slice = await Store.DeleteFinished(Far, after, 4, Token);
            deleted += slice.Deleted;
            after = slice.LastId;
        }

        Assert.Equal((5, 4), (deleted, slices)); // The last slice only finds the end.
        var left = (await Store.List(new TransactionFilter(), Token)).Select(static s => s.Transaction.Definition.Gid);
        Assert.Equal(["young", "untold", "g9", "g7", "g5", "g3", "g1"], left);
        Assert.Null(await Store.Load("g0", Token));
        Assert.NotNull(await Store.Load("g1", Token));
        // The gid of a deleted transaction is free again.
        Assert.Equal(WriteResult.Written, await Write(StoredSamples.Insert(StoredSamples.Plain("g0"))));
        Assert.NotNull(await Store.Load("g0", Token));
    }

    /// <summary>
    /// A row with a creation time in the future, from a wrong clock, does not stop the deletion of later rows. It is
    /// deleted in time itself.
    /// </summary>
    [Fact]
    public async Task DeleteFinished_GoesOnBehindARowFromTheFuture()
    {
        await Write(StoredSamples.Update(await Insert("before"), static t => StoredSamples.Finish(t)));
        await Write(StoredSamples.Insert(
            StoredSamples.Plain("future", created: Far) with { Status = TransactionStatus.Failed, Finished = At(5) }));
        await Write(StoredSamples.Update(await Insert("behind"), static t => StoredSamples.Finish(t)));

        var first = await Store.DeleteFinished(Far, 0, 3, Token);
        Assert.Equal(3, first.Deleted);
        Assert.Equal(0, (await Store.DeleteFinished(Far, first.LastId, 3, Token)).Deleted);
        Assert.Empty(await Store.List(new TransactionFilter(), Token));
    }

    protected static DateTimeOffset At(long milliseconds) => StoredSamples.Start.AddMilliseconds(milliseconds);

    protected async Task<Transaction> Insert(string gid, long? due = null, long owner = 0)
    {
        var state = StoredSamples.Plain(gid, due is { } at ? At(at) : null);
        Assert.Equal(WriteResult.Written, await Write(StoredSamples.Insert(state, owner)));
        return state;
    }

    private async Task AssertCounts(DateTimeOffset overdueBefore, params UnfinishedCount[] expected) => Assert.Equal(
        expected.OrderBy(static c => (c.Type, c.Status)),
        (await Store.CountUnfinished(overdueBefore, Token)).OrderBy(static c => (c.Type, c.Status)));
}
