using System.Collections.Immutable;
using OrleansDtm.Core;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Running;

/// <summary>The calls of branches: whose they are, when they are made, and what becomes of their answers.</summary>
public sealed partial class TransactionRunner
{
    /// <summary>
    /// The state says calls are under way that this runner did not make. They are made again if their owner is this process (they
    /// were lost with an earlier activation), is known to be dead, or has let its lease run out.
    /// </summary>
    private bool ShouldTakeOver(DateTimeOffset now) =>
        _state is { HasInFlight: true } state
        && HasForeignCall(state)
        && (_services.SoleOwner
            || _inheritedOwner == 0
            || _inheritedOwner == _services.Owner
            || _inheritedOwner == _goneOwner
            || state.LeaseUntil <= now);

    /// <summary>
    /// Whose calls are under way once this is written. Somebody else's stay theirs as long as none is made here: a request that
    /// merely passes by must not make live calls look lost.
    /// </summary>
    private long OwnerOf(Transaction next, List<PendingEvent> batch, List<BranchCall>? calls)
    {
        if (!next.HasInFlight)
        {
            return 0;
        }

        return calls is not null || _inheritedOwner == 0 || _outstanding.Count > batch.Count(static p => p.Event is TransactionEvent.BranchAnswered)
            ? _services.Owner
            : _inheritedOwner;
    }

    private ImmutableHashSet<int> ReallyOutstanding(List<PendingEvent> batch) =>
        _outstanding.Concat(batch.Select(p => p.Event).OfType<TransactionEvent.BranchAnswered>().Select(e => e.Index)).ToImmutableHashSet();

    /// <summary>
    /// Answers that were kept while the store was away may have been written all the same. Then what was read may even hold the next
    /// attempt of the same call, under way and made by nobody: it must be made, not taken for answered.
    /// </summary>
    private void DropWritten(List<PendingEvent> batch)
    {
        for (var i = batch.Count - 1; i >= 0; i--)
        {
            if (batch[i].Event is TransactionEvent.BranchAnswered answered && !answered.IsAwaited(_state?.Live(answered.Index)))
            {
                _outstanding.Remove(answered.Index);
                batch.RemoveAt(i);
            }
        }
    }

    private bool HasForeignCall(Transaction state)
    {
        for (var i = Transaction.NoticeIndex; i < state.Branches.Length; i++)
        {
            if (state.Live(i)?.InFlight == true && !_outstanding.Contains(i))
            {
                return true;
            }
        }

        return false;
    }

    private void StartCalls(List<BranchCall> calls)
    {
        foreach (var call in calls)
        {
            // A later event of the same batch may have ended it. After Close nobody would hear the answer: the next owner calls.
            if (_closed || _state is not { } state || state.Live(call.Index)?.InFlight != true || _outstanding.Contains(call.Index))
            {
                continue;
            }

            var timeout = TimeLeft(state);
            if (timeout <= TimeSpan.Zero)
            {
                // The commit took longer than the lease it promised: others may call by now. Not made, so it is decided anew.
                _inbox.Add(PendingEvent.Internal(new TransactionEvent.Resumed([.. _outstanding])));
                return;
            }

            _outstanding.Add(call.Index);
            RunCall(call, state, timeout, _epoch);
        }
    }

    /// <summary>How long a call may take: no longer than its lease. After the lease another owner makes it, and a compensation no longer waits for it.</summary>
    private TimeSpan TimeLeft(Transaction state)
    {
        var timeout = state.Definition.Options.RequestTimeout;
        if (state.LeaseUntil is not { } lease)
        {
            return timeout;
        }

        var left = lease - _services.Clock.GetUtcNow();
        return left < timeout ? left : timeout;
    }

    internal static BranchInvocation Invocation(BranchCall call, TransactionDefinition definition, TimeSpan timeout) => new()
    {
        Gid = definition.Gid,
        Type = definition.Type,
        Protocol = definition.Protocol,
        BranchId = call.Branch.Id,
        Op = call.Branch.Op,
        Url = call.Branch.Url,
        Payload = call.Branch.Payload,
        Headers = definition.BranchHeaders.IsEmpty ? null : definition.BranchHeaders,
        Timeout = timeout,
        Attempt = call.Attempt,
        Trace = definition.Trace,
    };

    private async void RunCall(BranchCall call, Transaction state, TimeSpan timeout, int epoch)
    {
        TransactionEvent answered;
        try
        {
            var (outcome, duration) = await _services.Caller.Call(Invocation(call, state.Definition, timeout));
            answered = new TransactionEvent.BranchAnswered(
                call.Index,
                outcome.Kind == OutcomeKind.None ? Outcome.Unknown("it has no outcome") : outcome,
                duration,
                call.Attempt);
        }
        catch (Exception e)
        {
            // The call could not even be handed over (the silo is stopping, say): that it ran cannot be excluded.
            answered = new TransactionEvent.BranchAnswered(call.Index, Outcome.Unknown(e.Message), TimeSpan.Zero, call.Attempt);
        }

        if (_closed)
        {
            // The row says that this process makes the call, and it lives: without a word nobody would look before the lease is over.
            if (_outstanding.Remove(call.Index) && _outstanding.Count == 0)
            {
                _host.Orphaned();
            }

            return;
        }

        if (epoch != _epoch)
        {
            return;
        }

        _inbox.Add(PendingEvent.Internal(answered));
        RunPump();
    }
}
