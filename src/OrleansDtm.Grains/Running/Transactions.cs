using System.Collections.Concurrent;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Tracing;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Sends events to transactions by gid. A transaction on this silo runs here once, without a grain activation or
/// messages, which would cost 20 % of a saga's CPU. A transaction on another silo gets one message to its
/// <see cref="TransactionGrain"/>.
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

    /// <param name="services">The dependencies of runners. Lazy, because an observer may depend on a service that
    /// depends on this.</param>
    /// <param name="cluster">Locates transactions.</param>
    /// <param name="clock">Delays retries.</param>
    /// <param name="scheduler">Runs turns.</param>
    internal Transactions(
        Lazy<RunnerServices> services, ICluster cluster, TimeProvider clock, TurnScheduler scheduler) =>
        (_services, _cluster, _clock, Scheduler) = (services, cluster, clock, scheduler);

    internal RunnerServices Services => _services.Value;

    internal TurnScheduler Scheduler { get; }

    /// <summary>Sends an event to a transaction. Completes when the decision is durable.</summary>
    /// <param name="gid">The gid of the transaction.</param>
    /// <param name="occurred">The event.</param>
    /// <param name="wait">True to respond only when the transaction has ended or waits for a retry.</param>
    /// <returns>
    /// Unavailable if the store or the transaction's silo is unavailable, or no response arrived within 30 s (submit
    /// and abort: 1 h; with wait: 25 h). The event may still take effect and may be sent again.
    /// </returns>
    public Task<TransactionReply> Tell(string gid, TransactionEvent occurred, bool wait = false) => Delivery.Ask(
        () => Scheduler.Within(
            LimitOf(occurred, wait),
            Counted(
                occurred,
                wait,
                () => IsHere(gid) ? Pass(gid, occurred, wait) : _cluster.Send(gid, new EventMessage(occurred, wait)))),
        _clock);

    /// <summary>Resumes a transaction that may be due.</summary>
    /// <param name="gid">The gid of the transaction.</param>
    /// <param name="goneOwner">A process that is known to be dead: its calls are not awaited; 0 = none is
    /// known.</param>
    /// <returns>False if the store or its silo was unavailable: try again.</returns>
    internal async Task<bool> Resume(string gid, long goneOwner) =>
        (await Tell(gid, TransactionEvent.TimeDue.After(goneOwner))).Kind != ReplyKind.Unavailable;

    /// <summary>Returns true if the transaction is placed on this silo.</summary>
    internal bool IsHere(string gid) => _cluster.IsHere(gid);

    /// <summary>Passes an event to the transaction's run on this silo, in a turn.</summary>
    /// <exception cref="SiloUnavailableException">This silo is stopping and another one takes over; Orleans rejects
    /// messages in the same way.</exception>
    internal Task<TransactionReply> TellHere(string gid, TransactionEvent occurred, bool wait) =>
        Counted(occurred, wait, () => Pass(gid, occurred, wait));

    /// <summary>
    /// Counts a large request until it is answered, or refuses it. One that waits for the end of its transaction is
    /// counted with the transaction only.
    /// </summary>
    private Task<TransactionReply> Counted(TransactionEvent occurred, bool wait, Func<Task<TransactionReply>> pass)
    {
        var size = LiveMemory.SizeOf(occurred);
        var memory = Services.Live;
        return size < LiveMemory.Large && !(LiveMemory.MayGrow(occurred) && memory.RefusesRequests) ? pass()
            : memory.RefusesRequests ? Task.FromResult(Replies.Unavailable(memory.Refusal))
            : wait ? pass()
            : PassLarge();

        async Task<TransactionReply> PassLarge()
        {
            memory.Change(0, size);
            try
            {
                return await pass();
            }
            finally
            {
                memory.Change(size, 0);
            }
        }
    }

    private Task<TransactionReply> Pass(string gid, TransactionEvent occurred, bool wait)
    {
        while (!_stopped)
        {
            var run = _live.GetOrAdd(gid, static (gid, transactions) => new LiveTransaction(gid, transactions), this);
            if (_stopped)
            {
                run.Leave(); // It may have started after all others were asked to leave.
                break;
            }

            if (run.Tell(occurred, wait, DtmTracing.Caller()) is { } reply)
            {
                return reply;
            }

            Forget(run); // It is ending but has not removed itself yet.
        }

        return IsHere(gid)
            ? Task.FromResult(Replies.Stopping())
            : Task.FromException<TransactionReply>(
                new SiloUnavailableException("The coordinator that had this transaction is stopping."));
    }

    /// <summary>Completes when the transaction is no longer active on this silo.</summary>
    internal Task Ended(string gid) => _live.TryGetValue(gid, out var run) ? run.Ended : Task.CompletedTask;

    internal void Forget(LiveTransaction run) => _live.TryRemove(KeyValuePair.Create(run.Gid, run));

    /// <summary>
    /// Handles a call that ended after its run, because the silo is stopping or partitioned. The new run, on any silo,
    /// treats this process's calls as lost. If the whole cluster stops, the transaction is resumed at the end of its
    /// lease.
    /// </summary>
    internal void Orphaned(string gid) => Scheduler.Start(
        () => _cluster.Send(gid, new EventMessage(TransactionEvent.TimeDue.After(Services.Owner), Wait: false)));

    /// <summary>
    /// Drains: accepts no new events and ends each run as soon as no request waits for it. Other silos already know
    /// that this one leaves, so a rejected caller finds the next owner.
    /// </summary>
    /// <param name="cancellationToken">Ends the runs at once; waiting requests get "stopping".</param>
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

    // In the same stage as the silo's grains: the branch grains wait for calls in flight.
    void ILifecycleParticipant<ISiloLifecycle>.Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(
            nameof(Transactions), ServiceLifecycleStage.GrainDeactivation, static _ => Task.CompletedTask, Stop);

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
