using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

/// <summary>The numbers of a filter, and unfinished transactions by age and attempts.</summary>
public abstract partial class TransactionStoreConformance
{
    [Fact]
    public async Task Count_GivesTheNumberOfEachStatus()
    {
        await Mixed();
        Assert.Equal(
            [
                (TransactionStatus.Submitted, 3, false), (TransactionStatus.Aborting, 1, false),
                (TransactionStatus.Succeed, 2, false), (TransactionStatus.Failed, 1, false),
            ],
            await Count(new TransactionFilter()));
        Assert.Equal(
            [(TransactionStatus.Submitted, 3, false), (TransactionStatus.Aborting, 1, false)],
            await Count(new TransactionFilter { IsUnfinished = true }));
        Assert.Equal([(TransactionStatus.Aborting, 1, false)], await Count(new TransactionFilter { Parked = true }));
        Assert.Equal(
            [(TransactionStatus.Succeed, 2, false)],
            await Count(new TransactionFilter { Status = TransactionStatus.Succeed }));
        Assert.Equal([(TransactionStatus.Submitted, 1, false)], await Count(new TransactionFilter { Gid = "r3" }));
        Assert.Equal(
            [(TransactionStatus.Submitted, 3, false)], await Count(new TransactionFilter { GidPrefix = "r" }));
        Assert.Equal(
            [(TransactionStatus.Submitted, 2, false)], await Count(new TransactionFilter { DueBefore = At(3) }));
        Assert.Empty(await Count(new TransactionFilter { Type = TransactionType.Msg }));
    }

    [Fact]
    public async Task Count_SaysWhenThereAreMoreThanTheBound()
    {
        await Mixed();
        Assert.Equal(
            [(TransactionStatus.Submitted, 3, false)], await Count(new TransactionFilter { GidPrefix = "r" }, most: 3));
        Assert.Equal(
            [(TransactionStatus.Submitted, 3, true)], await Count(new TransactionFilter { GidPrefix = "r" }, most: 2));
        var all = await Count(new TransactionFilter(), most: 1);
        Assert.Contains(all, static c => c is (TransactionStatus.Failed, 1, false));
        Assert.Contains(all, static c => c is (TransactionStatus.Succeed, 2, true));
    }

    [Fact]
    public async Task Count_IsOfOneNamespace()
    {
        await Mixed();
        await Insert(Namespaces.Qualify("shop", "r9"));
        await Tagged(Namespaces.Qualify("shop", "t"), ("order", "1"));
        await Tagged("t", ("order", "1"));
        Assert.Equal(
            4, (await Count(new TransactionFilter { Namespace = "" })).Single(IsSubmitted).Count);
        Assert.Equal(
            2, (await Count(new TransactionFilter { Namespace = "shop" })).Single(IsSubmitted).Count);
        Assert.Equal(
            1,
            (await Count(new TransactionFilter { Namespace = "shop", Tags = [Tag("order:1")] }))
                .Single(IsSubmitted).Count);
        Assert.Equal(
            ["r9", "t"],
            (await Store.FindOldest(new TransactionFilter { Namespace = "shop" }, attempts: true, Token))
                .Select(static r => Namespaces.Plain(r.Gid)));
        Assert.DoesNotContain(
            await Store.FindOldest(new TransactionFilter { Namespace = "" }, attempts: false, Token),
            static r => Namespaces.IsQualified(r.Gid));

        static bool IsSubmitted((TransactionStatus Status, long Count, bool IsMinimum) count) =>
            count.Status == TransactionStatus.Submitted;
    }

    [Fact]
    public async Task Oldest_AreUnfinished_WithTheAttemptsOfTheCallThatTheyWaitFor()
    {
        await Mixed();
        var oldest = await Store.FindOldest(new TransactionFilter(), attempts: true, Token);
        Assert.Equal(
            [("r1", 4), ("parked", 1), ("r2", 9), ("r3", 2)], oldest.Select(static r => (r.Gid, r.Attempts)));
        Assert.Equal(At(0), oldest[0].Created);
        Assert.Equal(
            ["r1", "parked"],
            (await Store.FindOldest(new TransactionFilter { Limit = 2 }, attempts: false, Token))
                .Select(static r => r.Gid));

        var loaded = await Store.LoadListed([oldest[3], oldest[0]], Token);
        Assert.Equal(["r1", "r3"], loaded.Select(static r => r.Transaction.Definition.Gid).Order());
        Assert.All(loaded, static r => Assert.True(r.Transaction.Branches[0].Definition.Payload.IsEmpty));
    }

    [Fact]
    public async Task Sorted_PagesHoldEachUnfinishedOnce()
    {
        await Mixed();
        Assert.Equal(["r2", "r1", "r3", "parked"], await Sorted(ListingOrder.Attempts, 3));
        Assert.Equal(["r1", "parked", "r2", "r3"], await Sorted(ListingOrder.Age, 1));
        var some = await SortedListing.Read(
            Store.Shards,
            new TransactionFilter { Limit = 2 },
            ListingOrder.Attempts,
            null,
            static row => row.Transaction.Definition.Gid != "r2",
            Token);
        Assert.Equal(["r1", "r3"], Gids(some.Rows));
        Assert.Equal((4, false), (some.Compared, some.IsCut));
    }

    private async Task<List<string>> Sorted(ListingOrder order, int limit)
    {
        var (gids, after) = (new List<string>(), default(SortedPosition?));
        do
        {
            var page = await SortedListing.Read(
                Store.Shards, new TransactionFilter { Limit = limit }, order, after, static _ => true, Token);
            Assert.True(page.Rows.Count <= limit);
            gids.AddRange(Gids(page.Rows));
            after = page.Next;
        }
        while (after is not null);
        return gids;
    }

    private async Task<List<(TransactionStatus Status, long Count, bool IsMinimum)>> Count(
        TransactionFilter filter, int most = 100) =>
        [
            .. (await TransactionListing.Count(Store.Shards, filter, most, Token))
                .Select(static c => (c.Status, c.Count, c.IsMinimum)).OrderBy(static c => c.Status),
        ];

    /// <summary>r1, r2 and r3 are retried, one is put aside, three have ended.</summary>
    private async Task Mixed()
    {
        await Insert("r1", 4, due: 1);
        await Write(StoredSamples.Insert(StoredSamples.Parked("parked")));
        await Write(StoredSamples.Insert(StoredSamples.Finish(StoredSamples.Plain("ok1"))));
        await Insert("r2", 9, due: 2);
        await Write(StoredSamples.Insert(
            StoredSamples.Finish(StoredSamples.Plain("bad"), TransactionStatus.Failed)));
        await Write(StoredSamples.Insert(StoredSamples.Finish(StoredSamples.Plain("ok2"))));
        await Insert("r3", 2, due: 3);

        async Task Insert(string gid, int attempts, int due)
        {
            var state = StoredSamples.Retrying(gid, At(due));
            await Write(StoredSamples.Insert(
                state with { Branches = [state.Branches[0] with { Attempts = attempts }] }));
        }
    }
}
