using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>What is stored comes to its end once faults have stopped, and then nothing of it is left to do.</summary>
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
            yield return $"it is still {Names.Of(last.State.Status)} when nothing has gone wrong for minutes";
        }
        else if (last.State.Due is not null || last.Row.Owner != 0)
        {
            yield return "it has ended, and yet something is left to do";
        }
        else if (!seen.Ended)
        {
            yield return "the run did not come to its end: somebody asks for ever";
        }
        else if (seen.Transaction.Notice && last.State.Notice is not { Status: BranchStatus.Succeed })
        {
            // Ten tries in vain are allowed, but services are well at the end.
            if (last.State.Notice?.Attempts < 10)
            {
                yield return "nobody was told of the end";
            }
        }
    }
}
