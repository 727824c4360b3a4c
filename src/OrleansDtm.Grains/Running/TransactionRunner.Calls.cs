using System.Collections.Immutable;
using OrleansDtm.Core;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Running;

/// <summary>Branch calls: ownership, start and results.</summary>
public sealed partial class TransactionRunner
{
    /// <summary>
    /// Returns true if calls that this runner did not make are to be repeated: their owner is this process (lost with
    /// an earlier activation), is known to be dead, or its lease has ended.
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
    /// Returns the owner of the calls in flight after this write. Another process stays the owner until this one makes
    /// a call: a mere request must not make its live calls look lost.
    /// </summary>
    private long OwnerOf(Transaction next, List<PendingEvent> batch, List<BranchCall>? calls)
    {
        if (!next.HasInFlight)
        {
            return 0;
        }

        return calls is not null
            || _inheritedOwner == 0
            || _outstanding.Count > batch.Count(static p => p.Event is TransactionEvent.BranchAnswered)
            ? _services.Owner
            : _inheritedOwner;
    }

    private ImmutableHashSet<int> ReallyOutstanding(List<PendingEvent> batch) =>
        _outstanding.Concat(batch.Select(p => p.Event).OfType<TransactionEvent.BranchAnswered>().Select(e => e.Index))
            .ToImmutableHashSet();

    /// <summary>
    /// Drops call results that were stored although the write seemed to fail. The state read may already contain the
    /// next attempt of the same call, which no process has made: it must be made, not treated as done.
    /// </summary>
    private void DropWritten(List<PendingEvent> batch)
    {
        if (_outstanding.Count > 0 && _inheritedOwner != 0 && _inheritedOwner != _services.Owner)
        {
            // Another owner has taken over and repeats these calls. An answer to this owner's attempt must not end that
            // owner's, which has the same number and is in flight.
            _epoch++;
            _outstanding.Clear();
            batch.RemoveAll(static p => p.Event is TransactionEvent.BranchAnswered);
            _inbox.RemoveAll(static p => p.Event is TransactionEvent.BranchAnswered);
            return;
        }

        for (var i = batch.Count - 1; i >= 0; i--)
        {
            if (batch[i].Event is TransactionEvent.BranchAnswered answered
                && !answered.IsAwaited(_state?.Live(answered.Index)))
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
            // A later event of the same batch may have ended the call. After Close the next owner makes it.
            if (_closed
                || _state is not { } state
                || state.Live(call.Index)?.InFlight != true
                || _outstanding.Contains(call.Index))
            {
                continue;
            }

            var full = CallSettings.RequestTimeout(state.Definition.Options, call.Branch);
            var timeout = TimeLeft(state, full);
            if (timeout < full / 2)
            {
                // The commit took longer than the lease, so another owner may call now. Decide again instead of
                // calling.
                _inbox.Add(PendingEvent.Internal(new TransactionEvent.Resumed([.. _outstanding])));
                return;
            }

            _outstanding.Add(call.Index);
            RunCall(call, state, timeout, _epoch);
        }
    }

    /// <summary>
    /// Returns the timeout of a call: at most its lease, after which another owner repeats the call and a compensation
    /// no longer waits for it.
    /// </summary>
    private TimeSpan TimeLeft(Transaction state, TimeSpan timeout)
    {
        if (state.LeaseUntil is not { } lease)
        {
            return timeout;
        }

        var left = lease - _services.Clock.GetUtcNow();
        return left < timeout ? left : timeout;
    }

    internal static BranchInvocation Invocation(BranchCall call, TransactionDefinition definition, TimeSpan timeout)
    {
        var headers = CallSettings.Headers(definition, call.Branch);
        return new BranchInvocation
        {
            Gid = definition.Gid,
            Type = definition.Type,
            Protocol = definition.Protocol,
            BranchId = call.Branch.Id,
            Op = call.Branch.Op,
            Url = call.Branch.Url,
            Payload = call.Branch.Payload,
            Headers = headers.IsEmpty ? null : headers,
            Timeout = timeout,
            Attempt = call.Attempt,
            Trace = definition.Trace,
        };
    }

    /// <summary>Lets a call use the results of others, and return its own.</summary>
    private static BranchInvocation WithResults(BranchInvocation invocation, BranchCall call, Transaction state)
    {
        var max = state.Definition.Options.ResultBytesMax;
        return max == 0 || call.Index < 0 ? invocation : invocation with
        {
            ResultBytesMax = call.Branch.Op == BranchOps.Action ? max : 0,
            PayloadOf = () => ResultPayloads.Fill(state, call.Branch),
        };
    }

    private async void RunCall(BranchCall call, Transaction state, TimeSpan timeout, int epoch)
    {
        TransactionEvent answered;
        try
        {
            var invocation = Invocation(call, state.Definition, timeout);
            var (outcome, duration) = await _services.Caller.Call(WithResults(invocation, call, state));
            answered = new TransactionEvent.BranchAnswered(
                call.Index,
                outcome.Kind == OutcomeKind.None ? Outcome.Unknown("it has no outcome") : outcome,
                duration,
                call.Attempt);
        }
        catch (Exception e)
        {
            // The call could not be passed on, for example because the silo is stopping. It may have run.
            answered = new TransactionEvent.BranchAnswered(
                call.Index, Outcome.Unknown(e.Message), TimeSpan.Zero, call.Attempt);
        }

        if (_closed)
        {
            // The row names this live process as owner, so without a message no silo would resume before the lease
            // ends.
            if (_outstanding.Remove(call.Index) && _outstanding.Count == 0 && _state is not { HasInFlight: false })
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
