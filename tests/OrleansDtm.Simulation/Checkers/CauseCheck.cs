using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that only the submitter, the branches and the timeout decide a transaction; store errors, process deaths and
/// lost messages never do.
/// </summary>
internal sealed class CauseCheck : Check
{
    public override string Name => "16 faults decide nothing";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Last is not { State.IsFinal: true } last)
        {
            yield break;
        }

        if (last.State.Status == TransactionStatus.Succeed && !MaySucceed(seen))
        {
            yield return "it succeeded without a submit";
        }

        if (last.State.Status == TransactionStatus.Failed && !seen.WasStopped && !MayFail(seen))
        {
            yield return $"it failed (\"{last.State.RollbackReason}\"), and nothing caused that";
        }
    }

    private static bool MaySucceed(Case seen) => seen.Transaction.Type switch
    {
        TransactionType.Workflow => seen.WasAsked("succeed"),
        TransactionType.Msg => seen.WasAsked("submit") || Answered(seen, 'q', OutcomeKind.Succeeded),
        _ => seen.WasAsked("submit"),
    };

    private static bool MayFail(Case seen) => seen.Transaction.Type switch
    {
        TransactionType.Workflow => seen.WasAsked("fail"),
        TransactionType.Msg => seen.WasAsked("abort") || Answered(seen, 'q', OutcomeKind.Failed),
        TransactionType.Saga => Answered(seen, 'a', OutcomeKind.Failed) || IsOld(seen) || IsTired(seen) || Lacks(seen),
        _ => seen.WasAsked("abort") || IsOld(seen),
    };

    private static bool Answered(Case seen, char letter, OutcomeKind outcome) =>
        seen.Ends.Values.Any(e => e.Name[0] == letter && e.Outcome == outcome);

    private static bool IsOld(Case seen)
    {
        var turned = seen.Rows.First(static r => r.State.RollbackReason.Length > 0);
        var isOfAge = PolicyCheck.IsLate(seen, turned)
            || seen.Transaction.TimeoutToFail > 0
            || seen.Transaction.Type != TransactionType.Saga;
        // See TimerCheck.
        return isOfAge && turned.State.RollbackReason.StartsWith("Timeout after", StringComparison.Ordinal);
    }

    /// <summary>A payload uses a part that no answer has.</summary>
    private static bool Lacks(Case seen) => seen.Transaction.Lacks is not null
        && seen.Last!.State.RollbackReason.Contains("has no /nothing", StringComparison.Ordinal);

    private static bool IsTired(Case seen) => PolicyCheck.IsTired(seen) || IsTiredOfAll(seen);

    private static bool IsTiredOfAll(Case seen) => seen.Transaction.RetryLimit > 0
        && seen.Ends.Values.Count(static e => e.Name[0] == 'a' && e.Outcome == OutcomeKind.Unknown)
            > seen.Transaction.RetryLimit;
}
