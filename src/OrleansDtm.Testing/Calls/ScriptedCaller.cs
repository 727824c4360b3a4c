using System.Diagnostics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Testing.Journals;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing.Calls;

/// <summary>
/// The coordinator's branch calls, of every protocol: recorded, counted as work, and with the scripted faults around
/// the production's caller.
/// </summary>
internal sealed class ScriptedCaller(IBranchCaller inner, Pacer pacer, Scripts scripts, Journal journal) : IBranchCaller
{
    private const string HasStopped = "the test host has stopped";

    public Task<CallResult> Call(BranchInvocation call)
    {
        var work = pacer.Begin(What(call));

        // Continuations run inside SetResult, so the turn with the outcome is counted before the work ends.
        var done = new TaskCompletionSource<CallResult>();
        _ = Run(call, work, done);
        return done.Task;
    }

    public void Cancel(string gid) => inner.Cancel(gid);

    private static string What(BranchInvocation call) =>
        $"the call {call.BranchId} {call.Op} {Scripts.Normal(call.Url)} of {call.Gid}";

    private async Task Run(BranchInvocation call, Work work, TaskCompletionSource<CallResult> done)
    {
        using (work)
        {
            var fault = scripts.Next(call.Url, call.Gid);
            var record = Record(call, fault.Name);
            try
            {
                var result = await Make(call, fault, work).ConfigureAwait(false);
                journal.Answered(record, OutcomeOf(result.Outcome), result.Outcome.Error);
                done.SetResult(result);
            }
            catch (Exception e)
            {
                journal.Answered(record, CallOutcome.Unknown, e.Message);
                done.SetException(e);
            }
        }
    }

    private async Task<CallResult> Make(BranchInvocation call, Fault fault, Work work)
    {
        if (fault.Kind == FaultKind.None)
        {
            return await inner.Call(call).ConfigureAwait(false);
        }

        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var started = pacer.Clock.GetTimestamp();
        var outcome = await Faulty(call, fault, work).ConfigureAwait(false);
        return new CallResult(outcome, pacer.Clock.GetElapsedTime(started));
    }

    private async Task<Outcome> Faulty(BranchInvocation call, Fault fault, Work work)
    {
        switch (fault.Kind)
        {
            case FaultKind.Fails:
                return Outcome.Unknown(fault.Text);
            case FaultKind.AnswersOngoing:
                return Outcome.Ongoing(fault.Text);
            case FaultKind.Refuses:
                return Outcome.Failed(fault.Text);
            case FaultKind.TimesOut:
                await work.While(pacer.Delay(call.Timeout)).ConfigureAwait(false);
                return Outcome.Unknown(fault.Text);
            case FaultKind.LosesAnswer:
                await inner.Call(call).ConfigureAwait(false);
                return Outcome.Unknown(fault.Text);
            case FaultKind.DeliversTwice:
                var first = await inner.Call(call).ConfigureAwait(false);
                await inner.Call(call).ConfigureAwait(false);
                return first.Outcome;
            case FaultKind.ArrivesLate when fault.Delay < call.Timeout:
                if (!await work.While(pacer.Delay(fault.Delay)).ConfigureAwait(false))
                {
                    return Outcome.Unknown(HasStopped);
                }

                return (await inner.Call(call).ConfigureAwait(false)).Outcome;
            case FaultKind.ArrivesLate:
                _ = Arrive(call, fault);
                await work.While(pacer.Delay(call.Timeout)).ConfigureAwait(false);
                return Outcome.Unknown("no answer within the request timeout");
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>A call that its caller no longer waits for.</summary>
    private async Task Arrive(BranchInvocation call, Fault fault)
    {
        using var work = pacer.Begin(What(call));
        if (!await work.While(pacer.Delay(fault.Delay)).ConfigureAwait(false))
        {
            return; // The branches may be gone too.
        }

        var record = Record(call, "a late call");
        try
        {
            var result = await inner.Call(call).ConfigureAwait(false);
            journal.Answered(record, OutcomeOf(result.Outcome), result.Outcome.Error);
        }
        catch (Exception e)
        {
            journal.Answered(record, CallOutcome.Unknown, e.Message); // In the timeline; no transaction waits for it.
        }
    }

    private TransactionCall Record(BranchInvocation call, string fault) => journal.Called(
        call.Gid, call.BranchId, call.Op, Scripts.Normal(call.Url), call.Attempt, fault);

    private static CallOutcome OutcomeOf(Outcome outcome) => outcome.Kind switch
    {
        OutcomeKind.Succeeded => CallOutcome.Succeeded,
        OutcomeKind.Failed => CallOutcome.Failed,
        OutcomeKind.Ongoing => CallOutcome.Ongoing,
        _ => CallOutcome.Unknown,
    };
}
