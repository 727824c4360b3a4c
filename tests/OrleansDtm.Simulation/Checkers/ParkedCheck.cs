using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Submitters;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that a call is put aside when its errors or its time are used up, not before and not later, that it then has
/// no timer, and that only an operator resumes it.
/// </summary>
internal sealed class ParkedCheck : Check
{
    public override string Name => "23 put aside";

    public override IEnumerable<string> Judge(Case seen)
    {
        var tolerance = TimerCheck.Tolerance(seen.Plan);
        for (var i = 0; i < seen.Rows.Count; i++)
        {
            var (from, to) = (i == 0 ? null : seen.Rows[i - 1].State, seen.Rows[i].State);
            for (var index = Transaction.QueryIndex; index < to.Branches.Length; index++)
            {
                if (to.Live(index) is not { } call)
                {
                    continue;
                }

                var before = from is not null && index < from.Branches.Length ? from.Live(index) : null;
                foreach (var broken in Judge(seen, seen.Rows[i], index, before, call, tolerance))
                {
                    yield return $"version {to.Version}, call {index}: {broken}";
                }
            }

            if (to is { IsParked: true, WakeAt: not null } && !to.Branches.Append(to.Query).Any(
                static b => b is { RetryAt: not null, Status: BranchStatus.Prepared }))
            {
                yield return $"version {to.Version} is put aside and has a timer";
            }
        }
    }

    private static IEnumerable<string> Judge(
        Case seen, Stored row, int index, BranchOp? before, BranchOp call, TimeSpan tolerance)
    {
        var policy = index < 0 ? null : PolicyCheck.Of(seen, index);
        var (errors, seconds) = (
            policy?.GiveUpAfter > 0 ? policy.GiveUpAfter : seen.Transaction.GiveUpAfter,
            policy?.GiveUpAfterSeconds > 0 ? policy.GiveUpAfterSeconds : seen.Transaction.GiveUpAfterSeconds);
        var isForced = IsForced(seen, index);
        if (call.Parked && before?.Parked != true)
        {
            var first = First(seen, row, index);
            var isOld = seconds > 0 && (seen.Plan.HoursApart
                || row.State.Updated >= first + TimeSpan.FromSeconds(seconds) - tolerance);
            if (!isForced || !((errors > 0 && call.Failures >= errors) || isOld))
            {
                yield return $"it is put aside after {call.Failures} errors";
            }
        }

        if (before?.Parked == true && !call.Parked && call.Status == BranchStatus.Prepared && !seen.Mine.OfType<Asked>()
            .Any(a => a.Place < row.Place && (a.Word.StartsWith(Requests.Unpark, StringComparison.Ordinal)
                || a.Word == "retry")))
        {
            yield return "it is resumed, and no operator asked for it";
        }

        if (isForced
            && errors > 0
            && call.Failures >= errors
            && call is { RetryAt: not null, Status: BranchStatus.Prepared })
        {
            yield return $"it is retried after {call.Failures} errors in a row";
        }
    }

    /// <summary>Returns true for a call whose FAILURE is an error.</summary>
    private static bool IsForced(Case seen, int index) => seen.Transaction.Type switch
    {
        TransactionType.Saga => index >= 0 && index % 2 == 0,
        TransactionType.Msg => index >= 0,
        _ => true,
    };

    /// <summary>Returns when the first attempt of the current budget started, by the row.</summary>
    private static DateTimeOffset First(Case seen, Stored row, int index)
    {
        var first = row.State.Updated;
        foreach (var earlier in seen.Rows.Where(r => r.Place <= row.Place).Reverse())
        {
            var call = index < earlier.State.Branches.Length ? earlier.State.Live(index) : null;
            if (call is not { Started: true } || (call.Parked && earlier.Place < row.Place))
            {
                break;
            }

            first = earlier.State.Updated;
        }

        return first;
    }
}
