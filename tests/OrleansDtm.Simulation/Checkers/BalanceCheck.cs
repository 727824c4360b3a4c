using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks the effects behind the barrier, whatever was duplicated, late or lost on the wire: exactly one per branch of
/// a succeeded transaction, none of a failed one.
/// </summary>
internal sealed class BalanceCheck : Check
{
    public override string Name => "07 balances";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (!seen.Ended
            || seen.Last is not { State.IsFinal: true } last
            || seen.WasStopped
            || seen.Transaction.Type == TransactionType.Workflow)
        {
            yield break;
        }

        for (var branch = 0; branch < seen.Transaction.Steps; branch++)
        {
            var wanted = last.State.Status == TransactionStatus.Succeed ? 1 : 0;
            if (wanted == 0 && seen.Transaction.NoCompensation.Contains(branch))
            {
                continue; // The step has no compensation.
            }

            if (seen.Ledger.Balance(branch) != wanted)
            {
                yield return $"it is {Names.Of(last.State.Status)}, and branch {branch} has "
                    + $"{seen.Ledger.Balance(branch)} left instead of {wanted}";
            }
        }
    }
}
