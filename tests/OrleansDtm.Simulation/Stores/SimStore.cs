using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Stores;

/// <summary>
/// A process's access to one shard: the production group-commit writer, and a connection to the database that may be
/// slow, break before or after a commit, or be unavailable.
/// </summary>
internal sealed class SimStore : ITransactionStore
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private readonly World _world;
    private readonly Process _process;
    private readonly Database _database;
    private readonly Baton _baton = new();
    private readonly GroupCommitWriter _writer;
    private bool _busy;
    private bool _dead;
    private bool _survives;

    public SimStore(World world, Process process, Database database, int batchMax)
    {
        (_world, _process, _database) = (world, process, database);
        var options = new GroupCommitOptions { BatchMax = batchMax, CallersCommit = false };
        _writer = new GroupCommitWriter(
            _baton, options, $"{process.Name} shard {database.Number}", NullLogger.Instance);
    }

    public Task Start(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<WriteResult>();
        if (_dead)
        {
            return answer.Task;
        }

        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_baton);
        try
        {
            _baton.Asked();
            var written = _writer.Write(write, CancellationToken.None).GetAwaiter();
            written.UnsafeOnCompleted(() =>
            {
                try
                {
                    answer.TrySetResult(written.GetResult());
                }
                catch (Exception e)
                {
                    answer.TrySetException(e);
                }
            });
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        Settle();
        return answer.Task;
    }

    public Task<StoredTransaction?> Load(string gid, CancellationToken cancellationToken)
    {
        _process.Step(FaultKind.KillAtLoad);
        return Read(() => _database.Rows.Load(gid, CancellationToken.None).Result);
    }

    public Task<IReadOnlyList<DueTransaction>> FindDue(
        DateTimeOffset now, DueTransaction? after, int limit, CancellationToken cancellationToken) =>
        Read(() => _database.Rows.FindDue(now, after, limit, CancellationToken.None).Result);

    public Task<IReadOnlyList<DueTransaction>> FindInterrupted(
        long owner, bool others, long afterId, int limit, CancellationToken cancellationToken) =>
        Read(() => _database.Rows.FindInterrupted(owner, others, afterId, limit, CancellationToken.None).Result);

    public Task<IReadOnlyList<DueTransaction>> FindWaiting(
        DateTimeOffset dueAfter, string? space, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<StoredTransaction>> List(TransactionFilter filter, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<UnfinishedCount>> CountUnfinished(
        DateTimeOffset overdueBefore, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<long>> CountUnfinishedCreatedBefore(
        IReadOnlyList<DateTimeOffset> moments, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<RetentionSlice> DeleteFinished(
        DateTimeOffset finishedBefore, long afterId, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task Ping(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Handles the death of the process. Writes in flight may still reach the database.</summary>
    public void Die()
    {
        if (_dead)
        {
            return;
        }

        _dead = true;
        _survives = _world.Random.Next(2) == 0;
        _baton.Die();
        _ = _writer.DisposeAsync().AsTask();
    }

    private void Settle()
    {
        _baton.Settle();
        if (!_busy && !_dead && _baton.Batch is { } batch)
        {
            _busy = true;
            Begin(batch, _baton.Results);
        }
    }

    /// <summary>Decides the fate of a commit while the writer's thread waits in it.</summary>
    private void Begin(IReadOnlyList<EncodedWrite> batch, WriteResult[] results)
    {
        _process.Step(FaultKind.KillBeforeCommit);
        if (_dead)
        {
            return;
        }

        if (_world.Now < _database.WritesBack)
        {
            Answer(_database.Latency(), Away("refused"));
            return;
        }

        var fault = _database.Meet();
        switch (fault)
        {
            case null:
                Commit(batch, results, _database.Latency(), () => Answer(_database.Latency(), null));
                break;
            case FaultKind.CommitLostBefore:
                Answer(TimeSpan.Zero, Away(fault));
                break;
            case FaultKind.CommitDeadlock:
                Answer(_world.Between(500, 5000), Away(fault));
                break;
            case FaultKind.CommitLostBeforeLate:
                Answer(Timeout, Away(fault));
                break;
            case FaultKind.CommitAnswerLost:
                Commit(batch, results, _database.Latency(), () => Answer(TimeSpan.Zero, Away(fault)));
                break;
            case FaultKind.CommitAnswerLostLate:
                Commit(batch, results, _database.Latency(), () => Answer(Timeout, Away(fault)));
                break;
            case FaultKind.CommitSlowAnswer:
                Commit(batch, results, _database.Latency(), () => Answer(_world.Between(1000, 40_000), null));
                break;
            case FaultKind.CommitSlow:
                Commit(batch, results, _world.Between(1000, 40_000), () => Answer(_database.Latency(), null));
                break;
            case FaultKind.CommitAfterLoss:
                // Copied, because the writer reuses the batch in the meantime.
                var (late, unheard) = (batch.ToArray(), new WriteResult[batch.Count]);
                var loss = _world.Between(0, 15_000);
                _world.After(loss + _world.Between(0, 8000), () => _database.Apply(late, unheard, _process.Name));
                Answer(loss, Away(fault));
                break;
            case FaultKind.CommitRefused:
                Answer(_database.Latency(), new InvalidDataException("refused on purpose"));
                break;
            default:
                throw new InvalidOperationException($"{fault} is not a commit fault.");
        }
    }

    private void Commit(
        IReadOnlyList<EncodedWrite> batch, WriteResult[] results, TimeSpan wait, Action then) =>
        _world.After(wait, () =>
    {
        if (_dead)
        {
            if (_survives)
            {
                _database.Apply([.. batch], new WriteResult[batch.Count], _process.Name);
            }

            return;
        }

        _database.Apply(batch, results, _process.Name);
        then();
        _process.Step(FaultKind.KillAfterCommit);
    });

    private void Answer(TimeSpan wait, Exception? refusal) => _world.After(wait, () => _process.WhenAwake(() =>
    {
        if (_dead)
        {
            return;
        }

        _busy = false;
        _baton.Decide(refusal);
        Settle();
    }));

    private Task<T> Read<T>(Func<T> query)
    {
        var answer = new TaskCompletionSource<T>();
        if (_dead)
        {
            return answer.Task;
        }

        _world.After(_database.Latency(), () =>
        {
            if (_world.Now < _database.ReadsBack)
            {
                _world.After(
                    _world.Between(0, 3000), () => _process.WhenAwake(() => answer.TrySetException(Away("no reads"))));
                return;
            }

            var found = query();
            _world.After(_database.Latency(), () => _process.WhenAwake(() => answer.TrySetResult(found)));
        });
        return answer.Task;
    }

    private static StoreUnavailableException Away(object why) => new($"the database is unavailable: {why}");
}
