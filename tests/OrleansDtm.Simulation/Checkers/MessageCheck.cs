using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that a message is sent if and only if its submitter's local transaction was committed.</summary>
internal sealed class MessageCheck : Check
{
    public override string Name => "08 msg as the local transaction";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Transaction is not { Type: TransactionType.Msg, Prepares: true } || seen.WasStopped)
        {
            yield break;
        }

        var commit = seen.Mine.OfType<LocalWork>().FirstOrDefault(
            static w => w.What.StartsWith("commits", StringComparison.Ordinal));
        foreach (var call in seen.Calls.Where(static c => c.Name[0] == 'a'))
        {
            if (commit is null || commit.Place > call.Place)
            {
                yield return $"{call.Name} is called, and the local transaction was not committed";
            }
        }

        if (commit is not null
            && seen.Last is { State.IsFinal: true } last
            && last.State.Status != TransactionStatus.Succeed)
        {
            yield return $"the local transaction was committed, and the message is {Names.Of(last.State.Status)}";
        }

        if (commit is not null
            && seen.Last is null
            && seen.Answers.Any(static a => a is { Word: "prepare", Reply.Kind: ReplyKind.Ok }))
        {
            yield return "the message was accepted but is not stored";
        }
    }
}
