using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Submitters;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that success is returned only for durable changes, and that each call is made only after a row with its owner
/// is durable.
/// </summary>
internal sealed class DurabilityCheck : Check
{
    public override string Name => "12 durable before visible";

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var answer in seen.Answers.Where(static a => a.Reply.Kind == ReplyKind.Ok))
        {
            if (seen.Before(answer) is not { } row)
            {
                yield return $"{answer.Word} was answered Ok and nothing is stored";
            }
            else if (!HasHappened(answer.Word, row.State))
            {
                yield return $"{answer.Word} was answered Ok and the row does not show it";
            }
        }

        foreach (var call in seen.Calls.Where(static c => c.Owner != 0))
        {
            if (!seen.Rows.Any(r =>
                r.Place < call.Place && r.Row.Owner == call.Owner && seen.In(r.State, call.Name)?.InFlight == true))
            {
                yield return $"{call.Name} is called by {call.Process}, and no row contains the call";
            }
        }
    }

    private static bool HasHappened(string word, Transaction state) => word switch
    {
        "submit" => state.Status != TransactionStatus.Prepared,
        "abort" => state.Status is TransactionStatus.Aborting or TransactionStatus.Failed,
        "succeed" => state.Status == TransactionStatus.Succeed,
        "fail" => state.Status == TransactionStatus.Failed,
        "stop" => state.Status == TransactionStatus.Failed,
        ['r', 'e', 'g', ..] => state.Branches.Any(b => b.Definition.Id == Requests.BranchId(
            int.Parse(word.TrimEnd('!').AsSpan(3), System.Globalization.CultureInfo.InvariantCulture))),
        _ => true,
    };
}
