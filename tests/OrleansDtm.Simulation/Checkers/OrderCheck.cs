using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that a call is made only after the success of all its predecessors is durable. Compensations run in reverse
/// order, the second phase of a tcc from the last registered branch, that of an xa from the first.
/// </summary>
internal sealed class OrderCheck : Check
{
    public override string Name => "05 order";

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var call in seen.Calls.Where(static c => c.Owner != 0 && c.Name[0] is 'a' or 'c' or 'f' or 'b'))
        {
            if (seen.Before(call) is { } row && Before(seen, row.State, call).FirstOrDefault(
                b => b.Branch.Status != BranchStatus.Succeed) is { Name: { } name })
            {
                yield return $"{call.Name} is called before {name} is durably done";
            }
        }
    }

    /// <summary>Returns the predecessors of a call and their progress.</summary>
    private static IEnumerable<(string Name, BranchOp Branch)> Before(Case seen, Transaction state, Called call)
    {
        var plan = seen.Transaction;
        var number = Case.Number(call.Name);
        switch (call.Name[0])
        {
            case 'a':
                var before = !plan.Concurrent ? Enumerable.Range(0, number)
                    : plan.Orders.TryGetValue(number, out var given) ? given
                    : [];
                return before.Select(step => ($"a{step}", seen.In(state, $"a{step}")!));
            case 'c':
                var after = plan.Concurrent
                    ? plan.Orders.Where(o => o.Value.Contains(number)).Select(static o => o.Key)
                    : Enumerable.Range(number + 1, plan.Steps - number - 1);
                return after.Where(step => seen.In(state, $"a{step}")!.Started).Select(
                    step => ($"c{step}", seen.In(state, $"c{step}")!));
            default:
                var calls = state.Branches.Where(
                    b => b.Definition.Url.Contains("/" + call.Name[0], StringComparison.Ordinal));
                var ordered = plan.Type == TransactionType.Tcc ? calls.Reverse() : calls;
                return ordered
                    .TakeWhile(b => !b.Definition.Url.EndsWith("/" + call.Name, StringComparison.Ordinal))
                    .Select(static b => (b.Definition.Url[(b.Definition.Url.LastIndexOf('/') + 1)..], b));
        }
    }
}
