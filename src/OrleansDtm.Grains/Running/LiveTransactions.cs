using System.Collections.Concurrent;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// The transactions that run in this silo, each once. A request that reaches the silo it is meant for goes straight to its run; from
/// any other silo it comes as a message to the <see cref="TransactionGrain"/>. (An activation with its end and the
/// messages to it and back were a fifth of a saga's CPU.)
/// </summary>
internal sealed class LiveTransactions(Lazy<RunnerServices> services, TransactionOwners owners, TransactionAddress addresses)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<string, LiveTransaction> _runs = new(StringComparer.Ordinal);
    private volatile bool _stopped;

    public RunnerServices Services => services.Value;

    /// <summary>Requests for this transaction come to this silo.</summary>
    public bool IsHere(string gid) => owners.IsHere(gid);

    /// <summary>Tells a transaction of an event, in a turn of its own.</summary>
    /// <exception cref="SiloUnavailableException">This silo stops, and another one takes it: as Orleans refuses a message then.</exception>
    public Task<TransactionReply> Tell(string gid, TransactionEvent occurred, bool wait, string? caller)
    {
        while (!_stopped)
        {
            var run = _runs.GetOrAdd(gid, static (gid, runs) => new LiveTransaction(gid, runs), this);
            if (_stopped)
            {
                run.Leave(); // It may have come after all others were told.
                break;
            }

            if (run.Tell(occurred, wait, caller) is { } answer)
            {
                return answer;
            }

            Forget(run); // It ends just now, and has not got so far.
        }

        return IsHere(gid)
            ? Task.FromResult(Replies.Stopping())
            : Task.FromException<TransactionReply>(new SiloUnavailableException("The coordinator that had this transaction is stopping."));
    }

    /// <summary>Ends when the transaction does not run here any more.</summary>
    public Task Ended(string gid) => _runs.TryGetValue(gid, out var run) ? run.Ended : Task.CompletedTask;

    public void Forget(LiveTransaction run) => _runs.TryRemove(KeyValuePair.Create(run.Gid, run));

    /// <summary>
    /// The silo is stopping, or has been cut off. The new run, wherever it is, treats this process's calls as gone; when the whole
    /// cluster stops nobody answers, and the lease brings it back.
    /// </summary>
    public void Orphaned(string gid) =>
        Task.Run(() => addresses.Of(gid).Tell(new EventMessage(TransactionEvent.TimeDue.After(Services.Owner), Wait: false))).Ignore();

    // With the silo's grains: those of services wait for the calls under way. The others have been told before that this silo goes, so who
    // is refused here finds the next owner.
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(LiveTransactions), ServiceLifecycleStage.GrainDeactivation, static _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        _stopped = true;
        foreach (var run in _runs.Values)
        {
            run.Leave();
        }

        var ended = Task.WhenAll(_runs.Values.Select(static run => run.Ended));
        try
        {
            await ended.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Who still waits learns that it is over.
            foreach (var run in _runs.Values)
            {
                run.Close();
            }

            await ended;
        }
    }
}
