using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that every action of a succeeded saga is done, and that a failed one has compensated every step that may have
/// run, and no other.
/// </summary>
internal sealed class SagaCheck : Check
{
    public override string Name => "04 saga, all or nothing";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Transaction.Type != TransactionType.Saga)
        {
            yield break;
        }

        foreach (var call in seen.Calls.Where(static c => c.Name[0] == 'c'))
        {
            var action = "a" + call.Name[1..];
            if (seen.Before(call) is not { } row || seen.In(row.State, action)?.Started != true)
            {
                yield return $"{call.Name} is called though {action} never was";
            }
        }

        if (seen.Last is not { State.IsFinal: true } last)
        {
            yield break;
        }

        for (var step = 0; step < seen.Transaction.Steps; step++)
        {
            var (action, compensation) = ($"a{step}", $"c{step}");
            if (last.State.Status == TransactionStatus.Succeed && !HasSucceeded(seen, action))
            {
                yield return $"it succeeded, but {action} never answered success";
            }

            var mayHaveRun = seen.Calls.Any(c => c.Name == action);
            if (last.State.Status == TransactionStatus.Failed && mayHaveRun && !seen.WasStopped
                && !seen.Transaction.NoCompensation.Contains(step) && !HasSucceeded(seen, compensation))
            {
                yield return $"it failed, {action} was called, and {compensation} never answered success";
            }
        }
    }

    private static bool HasSucceeded(Case seen, string name) =>
        seen.Ends.Values.Any(e => e.Name == name && e.Outcome == OutcomeKind.Succeeded);
}
