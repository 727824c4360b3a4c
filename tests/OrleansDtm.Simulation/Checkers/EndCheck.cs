using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that every stored transaction ends after the faults stop, and that no work is left then.</summary>
internal sealed class EndCheck : Check
{
    public override string Name => "01 it ends";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Last is not { } last)
        {
            yield break;
        }

        if (!last.State.IsFinal)
        {
            yield return $"it is still {Names.Of(last.State.Status)} although no fault has happened for minutes";
        }
        else if (last.State.Due is not null || last.Row.Owner != 0)
        {
            yield return "it has ended, but work is still pending";
        }
        else if (!seen.Ended)
        {
            yield return "the run did not end: a client retries for ever";
        }
        else if (seen.Transaction.Notice && last.State.Notice is not { Status: BranchStatus.Succeed })
        {
            // The notice may give up after ten attempts, but all services work at the end.
            if (last.State.Notice?.Attempts < 10)
            {
                yield return "the notice of the end was not delivered";
            }
        }
    }
}
