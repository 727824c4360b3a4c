using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>What a submitter is told of the end, waiting or not, is the end.</summary>
internal sealed class WaitCheck : Check
{
    public override string Name => "09 the end that is told";

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var answer in seen.Answers.Where(static a => a.Reply.Kind == ReplyKind.Ok))
        {
            var durable = seen.Before(answer)?.State.Status;
            var told = Names.Status(answer.Reply.Status);
            if (told is TransactionStatus.Succeed or TransactionStatus.Failed && durable != told)
            {
                yield return $"{answer.Word} was answered {answer.Reply.Status}, and it is {(durable is { } status ? Names.Of(status) : "not there")}";
            }

            if (told == TransactionStatus.Aborting && seen.Last?.State.Status == TransactionStatus.Succeed)
            {
                yield return $"{answer.Word} was answered aborting, and it succeeded";
            }
        }
    }
}
