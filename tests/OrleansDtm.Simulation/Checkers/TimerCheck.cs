using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that no timer is early: no retry, timeout, delay or query_prepared call.</summary>
internal sealed class TimerCheck : Check
{
    private static readonly TimeSpan RetryIntervalMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan TimeoutDefault = TimeSpan.FromSeconds(35);
    private static readonly TimeSpan Cut = TimeSpan.FromMilliseconds(2);

    public override string Name => "13 never early";

    /// <summary>Returns the maximum difference between the clocks of two machines.</summary>
    public static TimeSpan Tolerance(Plan plan) => Cut + (2 * plan.Skews.Max(static s => s.Duration()));

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Plan.HoursApart || seen.Rows.Count == 0)
        {
            yield break;
        }

        var tolerance = Tolerance(seen.Plan);
        foreach (var row in seen.Rows)
        {
            if (row.State.Updated > Engine.World.Start + row.At + tolerance)
            {
                yield return $"version {row.State.Version} was decided in the future";
            }
        }

        foreach (var early in Timeouts(seen, tolerance).Concat(Retries(seen)).Concat(Waits(seen, tolerance)))
        {
            yield return early;
        }
    }

    private static IEnumerable<string> Timeouts(Case seen, TimeSpan tolerance)
    {
        var created = seen.Rows[0].State.Definition.Created - Engine.World.Start;
        var turned = seen.Rows.FirstOrDefault(
            static r => r.State.RollbackReason.StartsWith("Timeout after", StringComparison.Ordinal)
                && PolicyCheck.BranchOf(r.State.RollbackReason) is null);
        if (turned is not null && turned.At < created + Timeout(seen) - tolerance)
        {
            yield return $"it timed out at {turned.At.TotalSeconds} s, created at {created.TotalSeconds} s";
        }

        if (seen.Transaction.Type != TransactionType.Msg)
        {
            yield break;
        }

        if (!seen.WasAsked("retry")
            && seen.Calls.FirstOrDefault(static c => c.Name == "q") is { } question
            && question.At < created + Timeout(seen) - tolerance)
        {
            yield return "query_prepared was called before the timeout";
        }

        var sent = seen.Calls.FirstOrDefault(static c => c.Name[0] == 'a');
        if (sent is null || seen.Before(sent) is not { State.Definition: var definition })
        {
            yield break;
        }

        // OptionsCheck checks the options themselves.
        var from = (definition.Submitted ?? definition.Created) - Engine.World.Start;
        if (sent.At < from + definition.Options.Delay - tolerance)
        {
            yield return "the message was sent before its delay was over";
        }

        if (definition.Submitted is not null
            && from < seen.Mine.OfType<Asked>().First(static a => a.Word == "submit").At - tolerance)
        {
            yield return "the delay counts from a time before the submit";
        }
    }

    /// <summary>Checks that no retry is made before the time in the row.</summary>
    private static IEnumerable<string> Retries(Case seen)
    {
        if (seen.WasAsked("retry"))
        {
            yield break; // An operator requested the retries.
        }

        for (var i = 1; i < seen.Rows.Count; i++)
        {
            var (from, to) = (seen.Rows[i - 1].State, seen.Rows[i].State);
            if (from.Hurried != to.Hurried)
            {
                if (to.Hurried - from.Hurried is { } pause && pause >= TimeSpan.Zero && pause < TimeSpan.FromSeconds(1))
                {
                    yield return $"version {to.Version}: a repeated submit makes retries due more than once a second";
                }

                continue; // A repeated submit makes pending retries due.
            }

            for (var branch = Transaction.NoticeIndex; branch < from.Branches.Length; branch++)
            {
                if (from.Live(branch) is { InFlight: false, RetryAt: { } at }
                    && to.Live(branch) is { InFlight: true }
                    && to.Updated < at)
                {
                    yield return $"version {to.Version}: call {branch} is made again before its wait is over";
                }
            }
        }
    }

    /// <summary>
    /// Checks the backoff delay in the row: the interval, doubled for each further error, up to the cap.
    /// </summary>
    private static IEnumerable<string> Waits(Case seen, TimeSpan tolerance)
    {
        if (seen.WasAsked("retry"))
        {
            yield break;
        }

        for (var i = 1; i < seen.Rows.Count; i++)
        {
            var (from, to) = (seen.Rows[i - 1].State, seen.Rows[i].State);
            for (var branch = 0; branch < from.Branches.Length; branch++)
            {
                var (was, now) = (from.Branches[branch], to.Branches[branch]);
                if (now.Attempts == was.Attempts || now.RetryAt is not { } at)
                {
                    continue;
                }

                var wait = at - (Engine.World.Start + seen.Rows[i].At);
                var policy = PolicyCheck.Of(seen, branch);
                var interval = policy?.RetryInterval > 0
                    ? TimeSpan.FromSeconds(policy.RetryInterval)
                    : to.Definition.Options.RetryInterval;
                var cap = policy?.RetryIntervalMax > 0
                    ? TimeSpan.FromSeconds(Math.Max(policy.RetryIntervalMax, interval.TotalSeconds))
                    : RetryIntervalMax;
                var growth = now.Failures == 0 ? Math.Clamp(OngoingInARow(now), 1, 8)
                    : policy?.Constant == true ? 1
                    : Math.Pow(2, now.Failures - 1);
                var least = Min(interval * growth, cap);
                if (now.GiveUpAt is { } end && end < to.Updated + least)
                {
                    continue; // ParkedCheck: the last attempt is at the end of the time.
                }

                if (at < to.Updated + least)
                {
                    yield return $"version {to.Version}: after {now.Failures} errors "
                        + $"{now.Definition.Id}-{now.Definition.Op} waits only until {at:O}";
                }

                if (wait > (least * 1.2) + tolerance)
                {
                    yield return $"version {to.Version}: after {now.Failures} errors "
                        + $"{now.Definition.Id}-{now.Definition.Op} waits {wait.TotalSeconds} s";
                }
            }
        }
    }

    private static int OngoingInARow(BranchOp branch) =>
        branch.History.Reverse().TakeWhile(static a => a.Outcome == OutcomeKind.Ongoing).Count();

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Timeout(Case seen) =>
        seen.Transaction.TimeoutToFail > 0 ? TimeSpan.FromSeconds(seen.Transaction.TimeoutToFail)
            : seen.Transaction.Type == TransactionType.Saga ? TimeSpan.Zero
            : TimeoutDefault;
}
