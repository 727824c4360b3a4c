using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that every reply about the end of a transaction is correct, with or without wait.</summary>
internal sealed class WaitCheck : Check
{
    /// <summary>Longer than any request may take until its reply or timeout.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    public override string Name => "09 the end that is told";

    public override IEnumerable<string> Judge(Case seen)
    {
        var troubled = seen.All.OfType<MachineNews>()
            .Where(static m => m.What != "starts")
            .Select(static m => m.Process)
            .ToHashSet();
        var answered = seen.Answers.Select(static a => a.Request).ToHashSet();
        foreach (var asked in seen.Mine.OfType<Asked>().Where(
            a => a.Process.Length > 0 && !troubled.Contains(a.Process) && !answered.Contains(a.Request)))
        {
            if (seen.Ended && seen.All[^1].At - asked.At > Patience)
            {
                yield return $"{asked.Word} (request {asked.Request}) was never answered "
                    + $"by {asked.Process}, which had no fault";
            }
        }

        foreach (var answer in seen.Answers.Where(static a => a.Reply.Kind == ReplyKind.Ok))
        {
            var durable = seen.Before(answer)?.State.Status;
            var told = Names.Status(answer.Reply.Status);
            if (told is TransactionStatus.Succeed or TransactionStatus.Failed && durable != told)
            {
                yield return $"{answer.Word} was answered {answer.Reply.Status}, and it is "
                    + $"{(durable is { } status ? Names.Of(status) : "not there")}";
            }

            if (told == TransactionStatus.Aborting && seen.Last?.State.Status == TransactionStatus.Succeed)
            {
                yield return $"{answer.Word} was answered aborting, and it succeeded";
            }
        }
    }
}
