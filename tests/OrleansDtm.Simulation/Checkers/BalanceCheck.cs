using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Whatever the wire saw twice, late or never: behind the barrier every branch of a transaction that succeeded has its effect once, and
/// of one that failed nothing is left.
/// </summary>
internal sealed class BalanceCheck : Check
{
    public override string Name => "07 balances";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (!seen.Ended || seen.Last is not { State.IsFinal: true } last || seen.WasStopped || seen.Transaction.Type == TransactionType.Workflow)
        {
            yield break;
        }

        for (var branch = 0; branch < seen.Transaction.Steps; branch++)
        {
            var wanted = last.State.Status == TransactionStatus.Succeed ? 1 : 0;
            if (wanted == 0 && seen.Transaction.NoCompensation.Contains(branch))
            {
                continue; // Nobody was given to take it back.
            }

            if (seen.Ledger.Balance(branch) != wanted)
            {
                yield return $"it is {Names.Of(last.State.Status)}, and branch {branch} has {seen.Ledger.Balance(branch)} left instead of {wanted}";
            }
        }
    }
}
