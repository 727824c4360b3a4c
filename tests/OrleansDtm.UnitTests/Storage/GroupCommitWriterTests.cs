using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

public sealed class GroupCommitWriterTests : IDisposable
{
    private readonly GatedCommitter _committer = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _committer.Dispose();

    [Fact]
    public async Task WhatGathersDuringACommit_IsCommittedTogether()
    {
        await using var writer = Writer();
        var writes = await StartBehindGate(writer, 64);
        _committer.Open();
        await Task.WhenAll(writes);
        Assert.Equal([1, 64], _committer.Batches.Select(static b => b.Length));
    }

    [Fact]
    public async Task Batch_HasAMaximum()
    {
        await using var writer = Writer(new GroupCommitOptions { BatchMax = 10 });
        var writes = await StartBehindGate(writer, 25);
        _committer.Open();
        await Task.WhenAll(writes);
        Assert.Equal([1, 10, 10, 5], _committer.Batches.Select(static b => b.Length));
    }

    [Fact]
    public async Task AfterACrowd_ACommitWaitsForMore_AndNotWhenTheWriterCloses()
    {
        var writer = Writer(new GroupCommitOptions { CommitDelay = TimeSpan.FromHours(1) });
        var writes = await StartBehindGate(writer, 8);
        _committer.Open();
        await Task.WhenAll(writes);
        var late = new[] { "a", "b", "c" }.Select(
            gid => writer.Write(StoredSamples.Insert(StoredSamples.Plain(gid)), Token)).ToList();
        await writer.DisposeAsync();
        await Task.WhenAll(late);
        Assert.Equal([1, 8, 3], _committer.Batches.Select(static b => b.Length));
    }

    [Fact]
    public async Task AFew_NeverWaitForMore()
    {
        await using var writer = Writer(new GroupCommitOptions { CommitDelay = TimeSpan.FromHours(1) });
        var writes = await StartBehindGate(writer, 4);
        _committer.Open();
        await Task.WhenAll(writes);
        Assert.Equal(
            WriteResult.Written,
            await writer.Write(StoredSamples.Insert(StoredSamples.Plain("alone")), Token).WaitAsync(Token));
    }

    [Fact]
    public async Task SameGid_KeepsTheOrderOfArrival()
    {
        await using var writer = Writer();
        var writes = await StartBehindGate(writer, 0);
        var state = StoredSamples.Plain("same");
        writes.Add(writer.Write(StoredSamples.Insert(state), Token));
        for (var i = 0; i < 20; i++)
        {
            var update = StoredSamples.Update(state, static t => t);
            writes.Add(writer.Write(update, Token));
            state = update.Next;
        }

        _committer.Open();
        await Task.WhenAll(writes);
        Assert.Equal(
            Enumerable.Range(1, 21).Select(static v => (long)v),
            _committer.Batches.Last().Select(static w => w.Version));
    }

    [Fact]
    public async Task FailedCommit_FailsItsBatchAndNoOther()
    {
        await using var writer = Writer();
        var writes = await StartBehindGate(writer, 5);
        var cause = new IOException("disk");
        _committer.Fault = batch => batch.Count == 5 ? new StoreUnavailableException("gone", cause) : null;
        _committer.Open();
        Assert.Equal(WriteResult.Written, await writes[0]);
        foreach (var write in writes.Skip(1))
        {
            Assert.Same(cause, (await Assert.ThrowsAsync<StoreUnavailableException>(() => write)).InnerException);
        }

        Assert.Equal(2, _committer.Batches.Count);
        Assert.Equal(WriteResult.Written, await writer.Write(StoredSamples.Insert(StoredSamples.Plain("next")), Token));
    }

    [Fact]
    public async Task Poison_IsFoundAndItsNeighboursAreSpared()
    {
        await using var writer = Writer();
        var writes = await StartBehindGate(writer, 8);
        _committer.Fault = batch =>
            batch.Any(static w => w.Gid == "g3") ? new InvalidOperationException("poison") : null;
        _committer.Open();
        for (var i = 0; i < writes.Count; i++)
        {
            if (i == 4)
            {
                var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => writes[4]);
                Assert.IsType<InvalidOperationException>(error.InnerException);
            }
            else
            {
                Assert.Equal(WriteResult.Written, await writes[i]);
            }
        }
    }

    [Fact]
    public async Task DatabaseLostWhileLookingForPoison_FailsTheRestAtOnce()
    {
        await using var writer = Writer();
        var writes = await StartBehindGate(writer, 8);
        _committer.Fault = batch => batch.Count == 8 ? new InvalidOperationException("poison")
            : batch[0].Gid == "g2" ? new StoreUnavailableException("gone") : null;
        _committer.Open();
        Assert.Equal(WriteResult.Written, await writes[2]);
        foreach (var write in writes.Skip(3))
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => write);
        }

        Assert.Equal(5, _committer.Batches.Count); // the held one, the eight, and three single ones
    }

    [Fact]
    public async Task FullQueue_LetsWritersWait()
    {
        await using var writer = Writer(new GroupCommitOptions { QueueCapacity = 3 });
        var queued = await StartBehindGate(writer, 3);
        using var cancelled = new CancellationTokenSource();
        var waiting = writer.Write(StoredSamples.Insert(StoredSamples.Plain("waiting")), Token);
        var givenUp = writer.Write(StoredSamples.Insert(StoredSamples.Plain("given up")), cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Assert.False(waiting.IsCompleted);

        _committer.Open();
        await Task.WhenAll([.. queued, waiting]);
        Assert.Equal([1, 3, 1], _committer.Batches.Select(static b => b.Length));
    }

    [Fact]
    public async Task Cancelled_BeforeItsBatchStarts_IsNotWritten()
    {
        await using var writer = Writer();
        var writes = await StartBehindGate(writer, 2);
        using var cancelled = new CancellationTokenSource();
        var write = writer.Write(StoredSamples.Insert(StoredSamples.Plain("cancelled")), cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        _committer.Open();
        await Task.WhenAll(writes);
        Assert.DoesNotContain(_committer.Batches.SelectMany(static b => b), static w => w.Gid == "cancelled");
    }

    [Fact]
    public async Task QueueFullOfCancelledWrites_MakesRoomForTheNext()
    {
        await using var writer = Writer(new GroupCommitOptions { QueueCapacity = 3 });
        var gate = await StartBehindGate(writer, 0);
        using var cancelled = new CancellationTokenSource();
        var givenUp = Enumerable.Range(0, 3)
            .Select(i => writer.Write(StoredSamples.Insert(StoredSamples.Plain($"c{i}")), cancelled.Token))
            .ToArray();
        var waiting = writer.Write(StoredSamples.Insert(StoredSamples.Plain("waiting")), Token);
        await cancelled.CancelAsync();
        foreach (var one in givenUp)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }

        _committer.Open();
        await Task.WhenAll([.. gate, waiting]).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal(["gate", "waiting"], _committer.Batches.SelectMany(static b => b).Select(static w => w.Gid));
    }

    [Fact]
    public async Task Cancelled_AfterItsBatchStarted_IsAnsweredTruly()
    {
        await using var writer = Writer();
        using var cancelled = new CancellationTokenSource();
        var write = writer.Write(StoredSamples.Insert(StoredSamples.Plain("started")), cancelled.Token);
        await _committer.Entered.Task.WaitAsync(Token);
        await cancelled.CancelAsync();
        Assert.False(write.IsCompleted);
        _committer.Open();
        Assert.Equal(WriteResult.Written, await write);
    }

    [Fact]
    public async Task Dispose_DrainsAndThenRefuses()
    {
        var writer = Writer(new GroupCommitOptions { QueueCapacity = 10 });
        var writes = await StartBehindGate(writer, 10);
        var noSpace = writer.Write(StoredSamples.Insert(StoredSamples.Plain("no space")), Token);
        var disposing = writer.DisposeAsync();
        Assert.False(disposing.IsCompleted);
        _committer.Open();
        await disposing;
        Assert.All(await Task.WhenAll(writes), static r => Assert.Equal(WriteResult.Written, r));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => noSpace);
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => writer.Write(StoredSamples.Insert(StoredSamples.Plain("late")), Token));
    }

    private GroupCommitWriter Writer(GroupCommitOptions? options = null) =>
        new(_committer, options ?? new GroupCommitOptions(), "test", NullLogger.Instance);

    /// <summary>
    /// Starts one write, which the committer holds at its gate, and this many writes behind it in the queue.
    /// </summary>
    private async Task<List<Task<WriteResult>>> StartBehindGate(GroupCommitWriter writer, int count)
    {
        var writes = new List<Task<WriteResult>>
        {
            writer.Write(StoredSamples.Insert(StoredSamples.Plain("gate")), Token),
        };
        await _committer.Entered.Task.WaitAsync(Token);
        writes.AddRange(Enumerable.Range(0, count).Select(
            i => writer.Write(StoredSamples.Insert(StoredSamples.Plain($"g{i}")), Token)));
        return writes;
    }
}
