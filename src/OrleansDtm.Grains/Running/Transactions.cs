using System.Collections.Concurrent;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Tracing;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// The one door to all transactions: an event is told here, by gid. A transaction that lives in this silo runs here, once, and
/// needs no message. (An activation with its end, and the messages to it and back, were a fifth of a saga's CPU.) In another silo
/// it is told by one message to its <see cref="TransactionGrain"/>.
/// </summary>
public sealed class Transactions : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SubmitLimit = TimeSpan.FromHours(1);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromHours(25);

    private readonly ConcurrentDictionary<string, LiveTransaction> _live = new(StringComparer.Ordinal);
    private readonly Lazy<RunnerServices> _services;
    private readonly ICluster _cluster;
    private readonly TimeProvider _clock;
    private volatile bool _stopped;

    /// <param name="services">What runners work with. Made at the first use: an observer may ask for a service that asks for this.</param>
    /// <param name="cluster">Where transactions live.</param>
    /// <param name="clock">Paces what is asked again.</param>
    /// <param name="scheduler">Where turns run.</param>
    internal Transactions(Lazy<RunnerServices> services, ICluster cluster, TimeProvider clock, TurnScheduler scheduler) =>
        (_services, _cluster, _clock, Scheduler) = (services, cluster, clock, scheduler);

    internal RunnerServices Services => _services.Value;

    internal TurnScheduler Scheduler { get; }

    /// <summary>Tells a transaction of an event; answers when it is decided and durable.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="occurred">What happened, or is asked for.</param>
    /// <param name="wait">Answer only when the transaction has ended or pauses before a retry.</param>
    /// <returns>
    /// Unavailable when the store or the transaction's silo cannot be reached, or no answer came within 30 s (submit and abort:
    /// 1 h; a wait: 25 h). The event may still take effect then, and may be told again.
    /// </returns>
    public Task<TransactionReply> Tell(string gid, TransactionEvent occurred, bool wait = false) => Delivery.Ask(
        () => Scheduler.Within(
            LimitOf(occurred, wait),
            IsHere(gid) ? TellHere(gid, occurred, wait) : _cluster.Send(gid, new EventMessage(occurred, wait))),
        _clock);

    /// <summary>Has it go on with what is due.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="goneOwner">A process that is known to be dead: its calls are not waited for; 0 = none is known.</param>
    /// <returns>False when the store or its silo was away: ask again.</returns>
    internal async Task<bool> Resume(string gid, long goneOwner) =>
        (await Tell(gid, TransactionEvent.TimeDue.After(goneOwner))).Kind != ReplyKind.Unavailable;

    /// <summary>Requests for this transaction belong to this silo.</summary>
    internal bool IsHere(string gid) => _cluster.IsHere(gid);

    /// <summary>Tells a transaction of an event, in a turn of its run in this silo.</summary>
    /// <exception cref="SiloUnavailableException">This silo stops and another one takes over: Orleans refuses a message the same way.</exception>
    internal Task<TransactionReply> TellHere(string gid, TransactionEvent occurred, bool wait)
    {
        while (!_stopped)
        {
            var run = _live.GetOrAdd(gid, static (gid, transactions) => new LiveTransaction(gid, transactions), this);
            if (_stopped)
            {
                run.Leave(); // It may have come after all others were told.
                break;
            }

            if (run.Tell(occurred, wait, DtmTracing.Caller()) is { } reply)
            {
                return reply;
            }

            Forget(run); // It is ending, and has not come to this line yet.
        }

        return IsHere(gid)
            ? Task.FromResult(Replies.Stopping())
            : Task.FromException<TransactionReply>(new SiloUnavailableException("The coordinator that had this transaction is stopping."));
    }

    /// <summary>Ends when the transaction does not run here any more.</summary>
    internal Task Ended(string gid) => _live.TryGetValue(gid, out var run) ? run.Ended : Task.CompletedTask;

    internal void Forget(LiveTransaction run) => _live.TryRemove(KeyValuePair.Create(run.Gid, run));

    /// <summary>
    /// The silo is stopping, or has been cut off, and a call was answered too late. The new run, wherever it is, treats this
    /// process's calls as gone; when the whole cluster stops, the lease brings the transaction back.
    /// </summary>
    internal void Orphaned(string gid) => Scheduler.Start(
        () => _cluster.Send(gid, new EventMessage(TransactionEvent.TimeDue.After(Services.Owner), Wait: false)));

    /// <summary>
    /// Takes nothing new, and ends each run as soon as no request waits for it. Other silos know already that this one leaves, so a
    /// caller that is refused here finds the next owner.
    /// </summary>
    /// <param name="cancellationToken">Ends the runs at once: those who wait are answered "stopping".</param>
    internal async Task Stop(CancellationToken cancellationToken)
    {
        _stopped = true;
        foreach (var run in _live.Values)
        {
            run.Leave();
        }

        await using var closing = cancellationToken.UnsafeRegister(static all => ((Transactions)all!).Close(), this);
        foreach (var run in _live.Values)
        {
            await run.Ended;
        }
    }

    // With the silo's grains: those of services wait for the calls under way.
    void ILifecycleParticipant<ISiloLifecycle>.Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(Transactions), ServiceLifecycleStage.GrainDeactivation, static _ => Task.CompletedTask, Stop);

    private void Close()
    {
        foreach (var run in _live.Values)
        {
            run.Close();
        }
    }

    private static TimeSpan LimitOf(TransactionEvent occurred, bool wait) => occurred switch
    {
        TransactionEvent.Submit or TransactionEvent.Abort => SubmitLimit, // Their prepare may have asked to wait.
        _ when wait => WaitLimit,
        _ => Limit,
    };
}
