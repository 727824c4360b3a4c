using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Tracing;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// The one door to all transactions: what happens to one of them is told here, by gid. In the silo in which it lives that needs no
/// message; elsewhere it is one message to its <see cref="TransactionGrain"/>.
/// </summary>
public sealed class Transactions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SubmitLimit = TimeSpan.FromHours(1);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromHours(25);

    private readonly LiveTransactions _live;
    private readonly TransactionAddress _addresses;
    private readonly TimeProvider _clock;

    internal Transactions(LiveTransactions live, TransactionAddress addresses, TimeProvider clock) =>
        (_live, _addresses, _clock) = (live, addresses, clock);

    /// <summary>Tells a transaction of an event; answers when it is decided and durable.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="occurred">What happened, or is asked for.</param>
    /// <param name="wait">Answer only when the transaction has ended or pauses before a retry.</param>
    /// <exception cref="TimeoutException">No answer within 30 s (submit and abort: 1 h; a wait: 25 h). It may still take effect.</exception>
    /// <exception cref="OrleansException">The silo that has it cannot be reached.</exception>
    public Task<TransactionReply> Tell(string gid, TransactionEvent occurred, bool wait = false)
    {
        var reply = _live.IsHere(gid)
            ? _live.Tell(gid, occurred, wait, DtmTracing.Caller())
            : _addresses.Of(gid).Tell(new EventMessage(occurred, wait));
        return reply.IsCompleted ? reply : reply.WaitAsync(LimitOf(occurred, wait), _clock);
    }

    /// <summary>Has it go on with what is due.</summary>
    /// <param name="gid">Which.</param>
    /// <param name="goneOwner">A process that is known to be dead: its calls are not waited for; 0 = none is known.</param>
    /// <returns>False when the store or its silo was away: ask again.</returns>
    internal async Task<bool> Resume(string gid, long goneOwner)
    {
        try
        {
            return (await Tell(gid, TransactionEvent.TimeDue.After(goneOwner))).Kind != ReplyKind.Unavailable;
        }
        catch (SiloUnavailableException)
        {
            return false;
        }
    }

    private static TimeSpan LimitOf(TransactionEvent occurred, bool wait) => occurred switch
    {
        TransactionEvent.Submit or TransactionEvent.Abort => SubmitLimit, // Their prepare may have asked to wait.
        _ when wait => WaitLimit,
        _ => Limit,
    };
}
