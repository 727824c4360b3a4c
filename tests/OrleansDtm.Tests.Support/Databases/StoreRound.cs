using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// Runs every store operation of a coordinator once, to check that it works under a server's settings.
/// </summary>
internal static class StoreRound
{
    public static async Task Run(ITransactionStore store, CancellationToken cancel)
    {
        await Saga(store, cancel);
        await Delayed(store, cancel);
        await Items((IKeyValueStore)store, cancel);
        await store.Ping(cancel);
    }

    private static async Task Saga(ITransactionStore store, CancellationToken cancel)
    {
        var saga = StoredSamples.Rich(@"saga \' ""x"" %_");
        Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(saga, owner: 5), cancel));
        Assert.Equal(WriteResult.Conflict, await store.Write(StoredSamples.Insert(saga), cancel));
        Assert.Equal(
            StoredSamples.Describe(saga),
            StoredSamples.Describe((await store.Load(saga.Definition.Gid, cancel))?.Transaction));
        Assert.Null(await store.Load("saga", cancel));
        Assert.Single(await store.FindInterrupted(StoredSamples.Self, true, 0, 10, cancel));

        var ended = StoredSamples.Update(saga, static t => StoredSamples.Finish(t));
        Assert.Equal(WriteResult.Written, await store.Write(ended, cancel));
        Assert.Equal(WriteResult.Conflict, await store.Write(ended, cancel));
        Assert.Equal(
            TransactionStatus.Succeed,
            Assert.Single(await store.List(new TransactionFilter(), cancel)).Transaction.Status);
        Assert.Equal(1, (await store.DeleteFinished(ended.Next.Finished!.Value.AddSeconds(1), 0, 10, cancel)).Deleted);
    }

    private static async Task Delayed(ITransactionStore store, CancellationToken cancel)
    {
        var message = StoredSamples.Plain("message", due: StoredSamples.Start.AddHours(1));
        Assert.Equal(WriteResult.Written, await store.Write(StoredSamples.Insert(message), cancel));
        Assert.Empty(await store.FindDue(StoredSamples.Start.AddMinutes(59), null, 10, cancel));
        Assert.Equal(
            "message", Assert.Single(await store.FindDue(StoredSamples.Start.AddHours(1), null, 10, cancel)).Gid);
        // It waits for its start time, not for a retry.
        Assert.Empty(await store.FindWaiting(StoredSamples.Start, null, 10, cancel));
        Assert.Equal((1, 1), ((await store.CountUnfinished(StoredSamples.Start.AddHours(2), cancel)).Single() is var c
            ? (c.Count, c.Overdue)
            : default));
        Assert.Single(await store.List(
            new TransactionFilter { Type = TransactionType.Saga, Status = TransactionStatus.Submitted }, cancel));
    }

    private static async Task Items(IKeyValueStore items, CancellationToken cancel)
    {
        Assert.Equal(WriteResult.Written, await items.Put("topics", "t", "日本 \\ '", 0, cancel));
        Assert.Equal(WriteResult.Conflict, await items.Put("topics", "t", "v", 0, cancel));
        Assert.Equal(WriteResult.Written, await items.Put("topics", "t", "second 日本", 1, cancel));
        Assert.Equal(WriteResult.Conflict, await items.Delete("topics", "t", 1, cancel));
        Assert.Equal("second 日本", (await items.Get("topics", "t", cancel))?.Value);
        Assert.Equal(WriteResult.Written, await items.Put("topics", "u", "v", 0, cancel));
        Assert.Equal(["u", "t"], (await items.Scan("topics", 0, 10, cancel)).Select(static i => i.Key));
        Assert.Equal(WriteResult.Written, await items.Delete("topics", "u", 1, cancel));
    }
}
