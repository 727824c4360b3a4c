namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Whatever the wire saw twice, late or never: behind the barrier every branch of a transaction that succeeded has its
/// effect once, and of one that failed nothing is left.
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
