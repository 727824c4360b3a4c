namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks the effects behind the barrier, whatever was duplicated, late or lost on the wire: exactly one per branch of
/// a succeeded transaction, none of a failed one.
/// </summary>
internal sealed class BalanceCheck : Check
{
    public override string Name => "07 balances";

    public override bool Applies(Case seen) => seen.IsFinal && seen.Plan.Type != "workflow";

    public override IEnumerable<string> Judge(Case seen)
    {
        var wanted = seen.End == "succeed" ? 1 : 0;
        for (var branch = 0; branch < seen.Plan.Steps; branch++)
        {
            if (seen.Balance(branch) != wanted)
            {
                yield return $"it is {seen.End}, and branch {branch} has "
                    + $"{seen.Balance(branch)} left instead of {wanted}";
            }
        }
    }
}
