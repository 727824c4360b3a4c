using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace OrleansDtm.Storage;

/// <summary>
/// Commits the writes of many callers together. A thread of its own commits what was queued during the previous commit:
/// a single write does not wait, and many writes share one flush to disk. While writes come one at a time, each is
/// committed by the thread that brings it: waking two threads takes as long as a commit to a fast disk.
/// </summary>
public sealed partial class GroupCommitWriter : IAsyncDisposable
{
    /// <summary>The batch size from which a commit may wait for more. Single callers never wait for others.</summary>
    private const int Crowd = 5;

    /// <summary>
    /// So many commits of a single write in a row show that callers come one at a time. A caller that commits among
    /// others makes batches smaller: with 4 clients 8 % less throughput if one such commit is enough.
    /// </summary>
    private const int Lonely = 16;

    private readonly IBatchCommitter _committer;
    private readonly GroupCommitOptions _options;
    private readonly ILogger _logger;
    private readonly object _gate = new();
    private readonly Queue<PendingWrite> _queue = new();
    private readonly SemaphoreSlim _space;
    private readonly StoreTelemetry _telemetry;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly List<PendingWrite> _batch = [];

    // Used by the thread that commits, and reused from batch to batch.
    private readonly List<EncodedWrite> _writes = [];
    private WriteResult[] _results = [];
    private bool _idle;
    private bool _isLed;
    private int _last;
    private int _singles;
    private bool _failing;
    private bool _closed;
    private long _lastCommit;
    private long _lastFailure;

    /// <param name="committer">Commits the batches; not disposed.</param>
    /// <param name="options">Limits.</param>
    /// <param name="name">The name of the thread.</param>
    /// <param name="logger">Gets failed commits, and the first success after them.</param>
    /// <param name="system">The database in OpenTelemetry's terms.</param>
    public GroupCommitWriter(
        IBatchCommitter committer, GroupCommitOptions options, string name, ILogger logger, string system = "other_sql")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueueCapacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CommitDelay, TimeSpan.Zero);
        _committer = committer;
        _options = options;
        _logger = logger;
        _space = new SemaphoreSlim(options.QueueCapacity);
        _telemetry = new StoreTelemetry(system, options.Shard, () => options.QueueCapacity - _space.CurrentCount);
        _telemetry.Opened();
        new Thread(Run) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>The last successful commit, as a timestamp of <see cref="Stopwatch"/>; 0 = none.</summary>
    public long LastCommit => Volatile.Read(ref _lastCommit);

    /// <summary>The last failed commit, as a timestamp of <see cref="Stopwatch"/>; 0 = none.</summary>
    public long LastFailure => Volatile.Read(ref _lastFailure);

    /// <summary>
    /// Completes when the write is durable. Encodes on the calling thread; waits while the queue is full.
    /// </summary>
    /// <param name="cancellationToken">
    /// Has an effect until the write's batch starts; after that the result is awaited.
    /// </param>
    /// <exception cref="StoreUnavailableException">
    /// The commit failed; the write may or may not have happened.
    /// </exception>
    /// <exception cref="StoreTooLargeException">The database does not take so much; nothing was stored.</exception>
    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<WriteResult>(cancellationToken);
        }

        var encoded = EncodedWrite.Of(write);
        var pending = new PendingWrite(encoded, _telemetry.StartWrite(encoded));
        return _space.Wait(0, CancellationToken.None)
            // Without a state machine: the caller continues directly from the commit.
            ? Enqueue(pending, cancellationToken)
            : WriteWhenSpace(pending, cancellationToken);
    }

    private async Task<WriteResult> WriteWhenSpace(PendingWrite pending, CancellationToken cancellationToken)
    {
        await _space.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await Enqueue(pending, cancellationToken).ConfigureAwait(false);
    }

    private Task<WriteResult> Enqueue(PendingWrite pending, CancellationToken cancellationToken)
    {
        var leads = false;
        lock (_gate)
        {
            if (_closed)
            {
                _space.Release(); // The next caller that waits for space must get the error too.
                pending.EndSpan(1, nameof(ObjectDisposedException));
                return Task.FromException<WriteResult>(new ObjectDisposedException(nameof(GroupCommitWriter)));
            }

            if (MayLead())
            {
                leads = _isLed = true;
            }
            else
            {
                _queue.Enqueue(pending);
                if (_isLed)
                {
                    _singles = 0; // Not alone any more.
                }
                else if (_idle)
                {
                    Monitor.Pulse(_gate);
                }
            }
        }

        if (leads)
        {
            Lead(pending);
            return pending.Task;
        }

        return cancellationToken.CanBeCanceled ? Heed(pending, cancellationToken) : pending.Task;
    }

    /// <summary>
    /// Whether the caller may commit its own write: nothing is queued or being committed, writes have come one at a
    /// time, the database answers, and no other work waits for the thread that would block meanwhile.
    /// </summary>
    private bool MayLead() =>
        _options.CallersCommit && _idle && !_isLed && _queue.Count == 0 && _singles >= Lonely && !_failing
        && Environment.ProcessorCount > 1 && Thread.CurrentThread.IsThreadPoolThread
        && ThreadPool.PendingWorkItemCount == 0;

    private void Lead(PendingWrite pending)
    {
        pending.TryStart();
        _space.Release();
        try
        {
            Commit([pending]);
        }
        finally
        {
            lock (_gate)
            {
                _isLed = false;
                if (_queue.Count > 0 || _closed)
                {
                    Monitor.Pulse(_gate);
                }
            }
        }
    }

    private static async Task<WriteResult> Heed(PendingWrite pending, CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(
            static (state, token) => ((PendingWrite)state!).TryCancel(token), pending))
        {
            return await pending.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Accepts no more writes and commits the queued ones.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }

        await _stopped.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        while (Gather())
        {
            Commit(CollectionsMarshal.AsSpan(_batch));
        }

        _telemetry.Closed();
        _stopped.SetResult();
    }

    /// <summary>False = closed and empty.</summary>
    private bool Gather()
    {
        _batch.Clear();
        var taken = 0;
        lock (_gate)
        {
            while (_batch.Count == 0)
            {
                while (_queue.Count == 0 || _isLed)
                {
                    if (_closed && !_isLed)
                    {
                        Release(taken);
                        return false;
                    }

                    Release(taken); // Places of cancelled writes: they must not stay taken while the queue is empty.
                    taken = 0;
                    _idle = true;
                    Monitor.Wait(_gate);
                    _idle = false;
                }

                if (_last >= Crowd && _queue.Count < 2 * _last && _options.CommitDelay > TimeSpan.Zero && !_closed)
                {
                    Monitor.Wait(_gate, _options.CommitDelay); // Only closing ends this wait; a new write does not.
                }

                for (; _batch.Count < _options.BatchMax && _queue.TryDequeue(out var pending); taken++)
                {
                    if (pending.TryStart())
                    {
                        _batch.Add(pending);
                    }
                }
            }
        }

        Release(taken);
        _last = _batch.Count;
        _singles = _last == 1 ? _singles + 1 : 0;
        return true;
    }

    private void Release(int taken)
    {
        if (taken > 0)
        {
            _space.Release(taken);
        }
    }

    private void Commit(ReadOnlySpan<PendingWrite> batch)
    {
        if (TryCommit(batch) is not { } cause)
        {
            return;
        }

        if (cause is StoreUnavailableException || batch.Length == 1)
        {
            Fail(batch, cause);
            return;
        }

        // The database answered, so one write is bad: commit them one by one, and only the bad one fails.
        for (var i = 0; i < batch.Length; i++)
        {
            if (TryCommit(batch.Slice(i, 1)) is { } alone)
            {
                var lost = alone is StoreUnavailableException;
                Fail(batch.Slice(i, lost ? batch.Length - i : 1), alone);
                if (lost)
                {
                    return; // Each of the rest would take a timeout.
                }
            }
        }
    }

    /// <summary>
    /// Null = committed, and all callers have their result; otherwise the error, and no caller has one.
    /// </summary>
    private Exception? TryCommit(ReadOnlySpan<PendingWrite> batch)
    {
        _writes.Clear();
        foreach (var pending in batch)
        {
            _writes.Add(pending.Write);
        }

        if (_results.Length != batch.Length)
        {
            _results = new WriteResult[batch.Length];
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            _committer.Commit(_writes, _results);
        }
        catch (Exception e)
        {
            _telemetry.Failed();
            return e; // Of any type: the thread must go on, and the callers must get it.
        }

        var took = Stopwatch.GetElapsedTime(started);
        Volatile.Write(ref _lastCommit, Stopwatch.GetTimestamp());
        if (_failing)
        {
            _failing = false;
            LogWorksAgain();
        }

        for (var i = 0; i < batch.Length; i++)
        {
            batch[i].EndSpan(batch.Length, _results[i] == WriteResult.Written ? null : "conflict");
            batch[i].SetResult(_results[i]);
        }

        _telemetry.Committed(batch.Length, took);
        return null;
    }

    private void Fail(ReadOnlySpan<PendingWrite> batch, Exception cause)
    {
        if (cause is StoreUnavailableException)
        {
            Volatile.Write(ref _lastFailure, Stopwatch.GetTimestamp());
        }

        if (cause is StoreTooLargeException)
        {
            FailTooLarge(batch, cause); // The caller gets the error; operators need not act on it.
            return;
        }

        if (cause is not StoreUnavailableException)
        {
            LogRefused(cause, batch[0].Write.Gid);
        }
        else if (!_failing)
        {
            _failing = true; // Once per outage, not once per batch.
            LogFailing(cause, batch.Length);
        }

        var inner = cause is StoreUnavailableException ? cause.InnerException ?? cause : cause;
        foreach (var pending in batch)
        {
            pending.EndSpan(batch.Length, cause.GetType().Name);
            var message = $"The write of '{pending.Write.Gid}' failed: {cause.Message}";
            pending.SetException(new StoreUnavailableException(message, inner));
        }
    }

    private static void FailTooLarge(ReadOnlySpan<PendingWrite> batch, Exception cause)
    {
        foreach (var pending in batch)
        {
            pending.EndSpan(batch.Length, cause.GetType().Name);
            pending.SetException(new StoreTooLargeException(cause.Message, cause));
        }
    }

    private sealed class PendingWrite(EncodedWrite write, Activity? span)
        : TaskCompletionSource<WriteResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private int _decided;

        public EncodedWrite Write => write;

        /// <summary>False = it was cancelled before.</summary>
        public bool TryStart() => Interlocked.Exchange(ref _decided, 1) == 0;

        public void TryCancel(CancellationToken token)
        {
            if (Interlocked.Exchange(ref _decided, 1) == 0)
            {
                EndSpan(1, nameof(OperationCanceledException));
                SetCanceled(token);
            }
        }

        /// <summary>Before the result is set: the span of the caller must not end earlier.</summary>
        public void EndSpan(int batch, string? problem)
        {
            if (span is not null)
            {
                StoreTelemetry.EndWrite(span, batch, problem);
            }
        }
    }
}
