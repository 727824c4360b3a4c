using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>Writes that come one at a time are committed by the threads that bring them.</summary>
public sealed class GroupCommitLeaderTests : IDisposable
{
    private readonly GatedCommitter _committer = new();
    private int _writes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _committer.Dispose();

    [Fact]
    public async Task A_caller_that_is_alone_commits_itself_and_goes_on_without_a_wait()
    {
        await using var writer = Writer();
        await UntilLed(writer);
        Assert.Equal(_writes, _committer.Batches.Count);
        Assert.All(_committer.Batches, static batch => Assert.Single(batch));
    }

    [Fact]
    public async Task What_comes_during_the_commit_of_a_caller_is_committed_together_by_the_writer()
    {
        await using var writer = Writer();
        await UntilLed(writer);
        var (led, thread) = await LedBehindGate(writer);
        var others = Enumerable.Range(0, 5).Select(_ => Write(writer)).ToList();
        _committer.Open();

        Assert.Equal(WriteResult.Written, await led);
        Assert.All(await Task.WhenAll(others), static r => Assert.Equal(WriteResult.Written, r));
        Assert.Equal(5, _committer.Batches.Last().Length);
        Assert.NotSame(thread, _committer.Thread);
        await Write(writer);
        Assert.Equal("test", _committer.Thread!.Name); // Not alone any more.
    }

    [Fact]
    public async Task A_failure_reaches_the_caller_and_the_writer_tries_again()
    {
        await using var writer = Writer();
        await UntilLed(writer);
        _committer.Fault = static _ => new StoreUnavailableException("gone");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Task.Run(() => Write(writer), Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Task.Run(() => Write(writer), Token));
        Assert.Equal("test", _committer.Thread!.Name); // No caller's thread waits for a database that is away.
        _committer.Fault = null;
        Assert.Equal(WriteResult.Written, await Write(writer));
    }

    [Fact]
    public async Task The_end_waits_for_the_commit_of_a_caller()
    {
        var writer = Writer();
        await UntilLed(writer);
        var (led, _) = await LedBehindGate(writer);
        var disposing = writer.DisposeAsync();
        Assert.False(disposing.IsCompleted);
        _committer.Open();
        await disposing;
        Assert.Equal(WriteResult.Written, await led);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write(writer));
    }

    private GroupCommitWriter Writer() => new(_committer, new GroupCommitOptions(), "test", NullLogger.Instance);

    private Task<WriteResult> Write(GroupCommitWriter writer) => writer.Write(
        StoredSamples.Insert(StoredSamples.Plain($"g{Interlocked.Increment(ref _writes)}")), Token);

    /// <summary>Writes one at a time until a caller commits. Other tests keep the thread pool busy at times.</summary>
    private async Task UntilLed(GroupCommitWriter writer)
    {
        _committer.Open();
        while (!await Task.Run(IsLed, Token))
        {
            Token.ThrowIfCancellationRequested();
        }

        bool IsLed()
        {
            var write = Write(writer);
            var isLed = write.IsCompletedSuccessfully && _committer.Thread == Thread.CurrentThread;
            write.GetAwaiter().GetResult();
            return isLed;
        }
    }

    /// <summary>Starts a write whose caller commits it, and waits at the gate.</summary>
    private async Task<(Task<WriteResult> Write, Thread Thread)> LedBehindGate(GroupCommitWriter writer)
    {
        while (true)
        {
            _committer.Close();
            var entered = _committer.Entered.Task;
            var write = Task.Run(() => Write(writer), Token);
            await entered.WaitAsync(Token);
            if (_committer.Thread!.IsThreadPoolThread)
            {
                return (write, _committer.Thread);
            }

            _committer.Open();
            await write;
        }
    }
}
