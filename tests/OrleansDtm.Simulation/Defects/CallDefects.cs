using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>Branches are called before the decision is committed.</summary>
internal sealed class CallBeforeCommit : Defect
{
    private readonly Dictionary<string, IBranchCaller> _callers = [];

    public override IBranchCaller Caller(IBranchCaller caller, Process process) =>
        _callers[process.Name] = new Once(caller);

    public override ITransactionStore Store(ITransactionStore store, Process process) =>
        new Eager(store, () => (Once)_callers[process.Name]);

    private sealed class Once(IBranchCaller inner) : IBranchCaller
    {
        private readonly Dictionary<string, Task<CallResult>> _made = [];

        public void Early(BranchInvocation call) =>
            _made.TryAdd($"{call.Gid} {call.Url} {call.Attempt}", inner.Call(call));

        public Task<CallResult> Call(BranchInvocation call) =>
            _made.Remove($"{call.Gid} {call.Url} {call.Attempt}", out var made) ? made : inner.Call(call);

        public void Cancel(string gid) => inner.Cancel(gid);
    }

    private sealed class Eager(ITransactionStore inner, Func<Once> caller) : StoreDefect(inner)
    {
        public override Task<WriteResult> Write(TransactionWrite write, CancellationToken cancellationToken)
        {
            var next = write.Next;
            for (var i = 0; i < next.Branches.Length && !next.IsFinal; i++)
            {
                var branch = next.Branches[i];
                if (branch.InFlight && write.Previous?.Branches[i].InFlight != true)
                {
                    caller().Early(TransactionRunner.Invocation(
                        new BranchCall(i, branch.Definition, branch.Attempts + 1),
                        next.Definition,
                        next.Definition.Options.RequestTimeout));
                }
            }

            return Inner.Write(write, cancellationToken);
        }
    }
}

/// <summary>The base of faults that change calls or their outcomes.</summary>
internal abstract class CallerDefect : Defect
{
    public override IBranchCaller Caller(IBranchCaller caller, Process process) => new Around(this, caller);

    protected virtual BranchInvocation Change(BranchInvocation call) => call;

    protected virtual CallResult Change(BranchInvocation call, CallResult answer) => answer;

    private sealed class Around(CallerDefect defect, IBranchCaller inner) : IBranchCaller
    {
        public async Task<CallResult> Call(BranchInvocation call)
        {
            var changed = defect.Change(call);
            return defect.Change(call, await inner.Call(changed));
        }

        public void Cancel(string gid) => inner.Cancel(gid);
    }
}

/// <summary>Compensations run in the order of the actions.</summary>
internal sealed class CompensationOrder : CallerDefect
{
    private readonly Dictionary<(string Gid, string Url), string> _turned = [];
    private readonly Dictionary<string, List<string>> _done = [];

    protected override BranchInvocation Change(BranchInvocation call)
    {
        if (call.Op == "action")
        {
            Done(call.Gid).Add(call.Url);
            return call;
        }

        if (call.Op != "compensate")
        {
            return call;
        }

        if (!_turned.TryGetValue((call.Gid, call.Url), out var url))
        {
            // Instead of the last action, compensate the first.
            var actions = Done(call.Gid).Distinct().ToList();
            var own = actions.IndexOf(call.Url.Replace("/c", "/a", StringComparison.Ordinal));
            url = own < 0 ? call.Url : actions[actions.Count - 1 - own].Replace("/a", "/c", StringComparison.Ordinal);
            _turned.Add((call.Gid, call.Url), url);
        }

        return call with { Url = url };
    }

    private List<string> Done(string gid) => _done.TryGetValue(gid, out var list) ? list : _done[gid] = [];
}

/// <summary>A call without a response is treated as FAILURE.</summary>
internal sealed class UnknownTakenForFailure : CallerDefect
{
    protected override CallResult Change(BranchInvocation call, CallResult answer) =>
        answer.Outcome.Kind == OutcomeKind.Unknown
            ? answer with { Outcome = answer.Outcome with { Kind = OutcomeKind.Failed } }
            : answer;
}

/// <summary>A call without a response is treated as success.</summary>
internal sealed class UnknownTakenForSuccess : CallerDefect
{
    protected override CallResult Change(BranchInvocation call, CallResult answer) =>
        answer.Outcome.Kind == OutcomeKind.Unknown
            ? answer with { Outcome = answer.Outcome with { Kind = OutcomeKind.Succeeded } }
            : answer;
}

/// <summary>A query_prepared call without a response is treated as success.</summary>
internal sealed class SilenceTakenForYes : CallerDefect
{
    protected override CallResult Change(BranchInvocation call, CallResult answer) =>
        call is { BranchId: "00", Type: TransactionType.Msg } && answer.Outcome.Kind == OutcomeKind.Unknown
            ? answer with { Outcome = answer.Outcome with { Kind = OutcomeKind.Succeeded } }
            : answer;
}

/// <summary>A rejected confirm is followed by a cancel.</summary>
internal sealed class CancelAfterRefusedConfirm : CallerDefect
{
    private readonly HashSet<(string Gid, string Url)> _refused = [];

    protected override BranchInvocation Change(BranchInvocation call) =>
        _refused.Contains((call.Gid, call.Url))
            ? call with { Url = call.Url.Replace("/f", "/b", StringComparison.Ordinal) }
            : call;

    protected override CallResult Change(BranchInvocation call, CallResult answer)
    {
        if (call.Op is "confirm" or "commit" && answer.Outcome.Kind == OutcomeKind.Failed)
        {
            _refused.Add((call.Gid, call.Url));
        }

        return answer;
    }
}

/// <summary>A failed call is retried thirty times without a delay.</summary>
internal sealed class RetryStorm : Defect
{
    public override IBranchCaller Caller(IBranchCaller caller, Process process) => new Impatient(caller);

    private sealed class Impatient(IBranchCaller inner) : IBranchCaller
    {
        public async Task<CallResult> Call(BranchInvocation call)
        {
            var answer = await inner.Call(call);
            for (var again = 0;
                again < 30 && answer.Outcome.Kind is OutcomeKind.Unknown or OutcomeKind.Ongoing;
                again++)
            {
                answer = await inner.Call(call);
            }

            return answer;
        }

        public void Cancel(string gid) => inner.Cancel(gid);
    }
}
