using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that only valid status changes happen and that a final status never changes.</summary>
internal sealed class EdgeCheck : Check
{
    public override string Name => "02 edges";

    public override IEnumerable<string> Judge(Case seen)
    {
        for (var i = 1; i < seen.Rows.Count; i++)
        {
            var (from, to) = (seen.Rows[i - 1].State, seen.Rows[i].State);
            if (from.Status != to.Status && !IsEdge(seen, from.Status, to.Status))
            {
                yield return $"version {to.Version}: {Names.Of(from.Status)} became {Names.Of(to.Status)}";
            }

            if (from.IsFinal && (from.Finished != to.Finished
                || from.RollbackReason != to.RollbackReason
                || from.Result != to.Result))
            {
                yield return $"version {to.Version}: a final status was changed";
            }
        }

    }

    /// <summary>
    /// Returns true for a valid change. One write may contain several, for example if the last compensation has no URL.
    /// </summary>
    private static bool IsEdge(Case seen, TransactionStatus from, TransactionStatus to) => (from, to) switch
    {
        (TransactionStatus.Prepared, TransactionStatus.Aborting) =>
            seen.Transaction.Type is TransactionType.Tcc or TransactionType.Xa,
        (TransactionStatus.Prepared, _) => true,
        (TransactionStatus.Submitted, TransactionStatus.Succeed) => true,
        (TransactionStatus.Submitted, TransactionStatus.Aborting) => seen.Transaction.Type == TransactionType.Saga,
        (TransactionStatus.Submitted, TransactionStatus.Failed) =>
            seen.Transaction.Type == TransactionType.Saga || seen.WasStopped,
        (TransactionStatus.Aborting, TransactionStatus.Failed) => true,
        _ => false,
    };
}
