using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that a row's version never decreases, and that two healthy silos never make the same call concurrently.
/// </summary>
internal sealed class SingleWriterCheck : Check
{
    public override string Name => "11 single writer";

    public override bool Applies(Case seen) => seen.Rows.Count > 0;

    public override IEnumerable<string> Judge(Case seen)
    {
        for (var i = 1; i < seen.Rows.Count; i++)
        {
            if (seen.Rows[i].Version <= seen.Rows[i - 1].Version)
            {
                yield return $"version {seen.Rows[i].Version} ({seen.Rows[i].Status}) comes after version "
                    + $"{seen.Rows[i - 1].Version} ({seen.Rows[i - 1].Status})";
            }
        }

        foreach (var calls in seen.Calls.GroupBy(static c => c.Name))
        {
            foreach (var (first, second) in calls.Zip(calls.Skip(1)).Where(p => p.First.Silo != p.Second.Silo))
            {
                if (IsUnderWay(seen, first, second) && seen.IsCalm(first.At, second.At))
                {
                    yield return $"{second.Silo} calls {second.Name} (call {second.Call}) while {first.Silo} has it "
                        + $"under way (call {first.Call}), and nothing is wrong";
                }
            }
        }
    }

    private static bool IsUnderWay(Case seen, Served first, Served second) =>
        second.At < first.At + TimeSpan.FromSeconds(seen.Plan.RequestTimeout)
        && (!seen.Replies.TryGetValue(first.Call, out var reply) || reply.Place > second.Place);
}
