using System.Collections.Concurrent;
using OrleansDtm.Storage;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>Commits nothing, and only while its gate is open.</summary>
internal sealed class GatedCommitter : IBatchCommitter, IDisposable
{
    private readonly ManualResetEventSlim _gate = new();

    public TaskCompletionSource Entered { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<EncodedWrite[]> Batches { get; } = [];

    /// <summary>The thread of the last batch.</summary>
    public Thread? Thread { get; private set; }

    public Func<IReadOnlyList<EncodedWrite>, Exception?>? Fault { get; set; }

    public void Open() => _gate.Set();

    /// <summary>Holds the next batch, which completes <see cref="Entered"/>.</summary>
    public void Close()
    {
        Entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gate.Reset();
    }

    public void Dispose() => _gate.Dispose();

    public void Commit(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        Batches.Enqueue([.. batch]);
        Thread = Thread.CurrentThread;
        Entered.TrySetResult();
        _gate.Wait();
        if (Fault?.Invoke(batch) is { } fault)
        {
            throw fault;
        }

        Array.Fill(results, WriteResult.Written);
    }
}
