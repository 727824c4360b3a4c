using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that an action is called only after the success of its predecessors. Compensations run in reverse order, the
/// second phase of a tcc from the last registered branch, that of an xa from the first.
/// </summary>
internal sealed class OrderCheck : Check
{
    public override string Name => "05 order";

    public override bool Applies(Case seen) => seen.Plan.Type != "workflow" && seen.Calls.Count > 0;

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var call in seen.Calls.Where(static c => c.Name[0] is 'a' or 'c' or 'f' or 'b'))
        {
            if (Names(seen, call).FirstOrDefault(n => !seen.HasSucceeded(n, call.Place)) is { } missing
                && !seen.IsEcho(call))
            {
                yield return $"{call.Name} is called before {missing} has succeeded (call {call.Call})";
            }
        }
    }

    /// <summary>Returns the predecessors of a step.</summary>
    public static IEnumerable<int> Before(TransactionPlan plan, int step) =>
        !plan.Concurrent ? Enumerable.Range(0, step)
            : plan.Orders.TryGetValue(step, out var given) ? given
            : [];

    private static IEnumerable<string> Names(Case seen, Served call)
    {
        var number = Case.Number(call.Name);
        var steps = Enumerable.Range(0, seen.Plan.Steps);
        return call.Name[0] switch
        {
            'a' => Before(seen.Plan, number).Select(static s => $"a{s}"),
            'c' => steps.Where(s => Before(seen.Plan, s).Contains(number) && seen.HasArrived($"a{s}", call.Place))
                .Select(static s => $"c{s}"),
            var letter => steps
                .Where(s => (seen.Plan.Type == "tcc" ? s > number : s < number)
                    && seen.Told?.Branches.Any(b => b.Id == BranchAddress.Id(s)) == true)
                .Select(s => $"{letter}{s}"),
        };
    }
}
