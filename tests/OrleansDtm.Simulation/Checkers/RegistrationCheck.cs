using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Submitters;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that an accepted branch is called, that a rejected one is not, and that no branch is accepted after the
/// decision.
/// </summary>
internal sealed class RegistrationCheck : Check
{
    public override string Name => "06 no branch is lost";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Last is not { State.IsFinal: true } last)
        {
            yield break;
        }

        foreach (var group in seen.Mine.OfType<Asked>()
            .Where(static a => a.Word.StartsWith("reg", StringComparison.Ordinal))
            .GroupBy(static a => a.Word))
        {
            var branch = int.Parse(group.Key.TrimEnd('!').AsSpan(3), System.Globalization.CultureInfo.InvariantCulture);
            var requests = group.ToDictionary(static a => a.Request);
            var answers = seen.Answers.Where(a => requests.ContainsKey(a.Request)).ToList();
            foreach (var accepted in answers.Where(static a => a.Reply.Kind == ReplyKind.Ok))
            {
                if (Find(last.State, branch) is null)
                {
                    yield return $"{group.Key} was accepted, but the branch is not stored";
                }
                else if (seen.Before(requests[accepted.Request])
                    is { State: { Status: not TransactionStatus.Prepared } decided } && Find(decided, branch) is null)
                {
                    yield return $"{group.Key} was accepted after the decision";
                }

                if (seen.Transaction.Type != TransactionType.Workflow
                    && !seen.WasStopped
                    && !IsCalled(seen, last.State, branch))
                {
                    yield return $"{group.Key} was accepted, and the branch was never called to its end";
                }
            }

            if (!group.Key.EndsWith('!')
                && answers.Count == requests.Count
                && answers.All(static a => a.Reply.Kind is ReplyKind.Conflict or ReplyKind.Invalid)
                && !seen.WasAsked(group.Key + "!")
                && seen.Calls.Any(c => c.Name == $"f{branch}"))
            {
                yield return $"{group.Key} was rejected, but the branch goes forward";
            }
        }
    }

    private static BranchOp? Find(Transaction state, int branch)
    {
        var id = Requests.BranchId(branch);
        return state.Branches.FirstOrDefault(b => b.Definition.Id == id);
    }

    private static bool IsCalled(Case seen, Transaction end, int branch)
    {
        var name = (end.Status == TransactionStatus.Succeed ? "f" : "b") + branch;
        return seen.Ends.Values.Any(e => e.Name == name && e.Outcome == OutcomeKind.Succeeded);
    }
}
