using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>Checks that a message is sent if and only if its submitter's local transaction was committed.</summary>
internal sealed class MessageCheck : Check
{
    public override string Name => "08 msg as the local transaction";

    public override bool Applies(Case seen) => seen.Plan is { Type: "msg", Prepares: true };

    public override IEnumerable<string> Judge(Case seen)
    {
        var commit = seen.Mine.OfType<LocalWork>().FirstOrDefault(static w => w.What == "commits");
        foreach (var call in seen.Calls.Where(static c => c.Name[0] == 'a'))
        {
            if (commit is null || commit.Place > call.Place)
            {
                yield return $"{call.Name} is called, and the local transaction was not committed";
            }
        }

        if (commit is not null && seen.End != "succeed")
        {
            yield return $"the local transaction was committed, and the message is {seen.End ?? "not there"}";
        }
    }
}
