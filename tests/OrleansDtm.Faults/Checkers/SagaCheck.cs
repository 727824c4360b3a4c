namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that every action of a succeeded saga is done, and that a failed one has compensated every action that
/// arrived, and none whose predecessors had not succeeded.
/// </summary>
internal sealed class SagaCheck : Check
{
    public override string Name => "04 saga, all or nothing";

    public override bool Applies(Case seen) => seen.Plan.Type == "saga" && seen.IsFinal;

    public override IEnumerable<string> Judge(Case seen)
    {
        for (var step = 0; step < seen.Plan.Steps; step++)
        {
            var (action, compensation) = ($"a{step}", $"c{step}");
            if (seen.End == "succeed" && !seen.HasSucceeded(action))
            {
                yield return $"it succeeded, but {action} never answered success";
            }

            if (seen.End == "succeed" && seen.HasArrived(compensation))
            {
                yield return $"it succeeded, and {compensation} is called";
            }

            if (seen.End == "failed" && seen.HasArrived(action) && !seen.HasSucceeded(compensation))
            {
                yield return $"it failed, {action} was called, and {compensation} never answered success";
            }

            // Only the row knows whether an action was about to be called when a silo died. The success of its
            // predecessors is visible.
            if (seen.HasArrived(compensation)
                && OrderCheck.Before(seen.Plan, step).FirstOrDefault(b => !seen.HasSucceeded($"a{b}"), -1) is >= 0
                    and var missing)
            {
                yield return $"{compensation} is called, and the turn of {action} never "
                    + $"came: a{missing} had not succeeded";
            }
        }
    }
}
