using System.Globalization;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that a call has what its step sets: timeout, headers, retry limit and timeout to fail. TimerCheck checks the
/// waits.
/// </summary>
internal sealed class PolicyCheck : Check
{
    private const double RequestTimeoutDefault = 3;

    private static readonly TimeSpan Cut = TimeSpan.FromMilliseconds(2);

    public override string Name => "22 a step's own policy";

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var call in seen.Calls.Where(static c => c.Owner != 0 && c.Name[0] is 'a' or 'c'))
        {
            var policy = seen.Transaction.Policies.GetValueOrDefault(call.Name);
            if (call.Header != (policy is null ? null : call.Name))
            {
                yield return $"{call.Name} is called with the header '{call.Header}'";
            }

            var options = seen.Before(call)?.State.Definition.Options.RequestTimeout.TotalSeconds;
            var timeout = policy?.RequestTimeout > 0 ? policy.RequestTimeout : options ?? RequestTimeoutDefault;
            if (call.Timeout.TotalSeconds > timeout || call.Timeout.TotalSeconds < timeout / 2)
            {
                yield return $"{call.Name} is called with a timeout of {call.Timeout.TotalSeconds} s, not {timeout} s";
            }
        }

        foreach (var broken in Limits(seen).Concat(Timeouts(seen)))
        {
            yield return broken;
        }
    }

    /// <summary>Returns the policy of a call by its index in the row; null = none.</summary>
    public static PolicyPlan? Of(Case seen, int index) => seen.Transaction.Policies.GetValueOrDefault(
        seen.Transaction.Type == TransactionType.Msg
            ? CallName('a', index)
            : CallName(index % 2 == 0 ? 'c' : 'a', index / 2));

    /// <summary>Returns the number of the step in a rollback reason, from 0; null = it names none.</summary>
    public static int? BranchOf(string reason)
    {
        const string Mark = " of branch ";
        var at = reason.IndexOf(Mark, StringComparison.Ordinal);
        return at < 0 ? null : int.Parse(reason.AsSpan(at + Mark.Length), CultureInfo.InvariantCulture) - 1;
    }

    /// <summary>Returns true if the step that the reason names has a timeout.</summary>
    public static bool IsLate(Case seen, Stored turned) => BranchOf(turned.State.RollbackReason) is { } step
        && seen.Transaction.Policies.GetValueOrDefault(CallName('a', step))?.TimeoutToFail > 0;

    /// <summary>Returns true if an action has failed more often than its own limit.</summary>
    public static bool IsTired(Case seen) => seen.Transaction.Policies.Any(
        p => p.Value.RetryLimit is > 0 && Errors(seen, p.Key) > p.Value.RetryLimit);

    private static string CallName(char letter, int step) =>
        string.Create(CultureInfo.InvariantCulture, $"{letter}{step}");

    private static int Errors(Case seen, string name) =>
        seen.Ends.Values.Count(e => e.Name == name && e.Outcome == OutcomeKind.Unknown);

    private static IEnumerable<string> Limits(Case seen)
    {
        foreach (var (name, policy) in seen.Transaction.Policies.Where(static p => p.Value.RetryLimit is > 0))
        {
            var kept = seen.Rows.LastOrDefault(static r => r.State.Status == TransactionStatus.Submitted);
            var errors = kept is null || seen.In(kept.State, name) is not { } action
                ? 0
                : action.History.Count(static a => a.Outcome == OutcomeKind.Unknown);
            if (errors > policy.RetryLimit)
            {
                yield return $"{name} failed {errors} times, its limit is {policy.RetryLimit}, and the saga goes on";
            }
        }
    }

    private static IEnumerable<string> Timeouts(Case seen)
    {
        var turned = seen.Rows.FirstOrDefault(static r => r.State.Status == TransactionStatus.Aborting
            || (r.State.IsFinal && r.State.RollbackReason.Length > 0));
        if (seen.Plan.HoursApart
            || turned is null
            || !turned.State.RollbackReason.StartsWith("Timeout after", StringComparison.Ordinal)
            || BranchOf(turned.State.RollbackReason) is not { } step)
        {
            yield break;
        }

        var name = CallName('a', step);
        var first = seen.Rows.First(r => seen.In(r.State, name)?.Started == true);
        var timeout = TimeSpan.FromSeconds(seen.Transaction.Policies[name].TimeoutToFail);
        if (turned.State.Updated < first.State.Updated + timeout - Cut - TimerCheck.Tolerance(seen.Plan))
        {
            yield return $"{name} timed out at {turned.At.TotalSeconds} s, first called at {first.At.TotalSeconds} s";
        }
    }
}
