using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that a compensation is sent only when no call of its action can be in flight: each one was answered, its
/// response was lost, or its timeout is over. The death of a process ends none of its calls.
/// </summary>
internal sealed class OvertakingCheck : Check
{
    public override string Name => "21 no compensation overtakes";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Transaction.Type != TransactionType.Saga || seen.Plan.HoursApart)
        {
            yield break;
        }

        foreach (var compensation in seen.Calls.Where(static c => c.Name[0] == 'c'))
        {
            var action = "a" + compensation.Name[1..];
            foreach (var call in seen.Calls.Where(c => c.Name == action && c.Place < compensation.Place))
            {
                var isOver = seen.Ends.TryGetValue(call.Call, out var end) && end.Place < compensation.Place;
                if (!isOver && compensation.At < call.At + call.Timeout - (2 * TimerCheck.Tolerance(seen.Plan)))
                {
                    yield return $"{compensation.Name} (call {compensation.Call}) is sent while {action} (call "
                        + $"{call.Call} of {call.Process}) may be in flight";
                }
            }
        }
    }
}
