using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>Checks that, without faults, a call that must succeed is retried as soon as its delay is over.</summary>
internal sealed class LateCheck : Check
{
    public override string Name => "13 never late";

    public override bool Applies(Case seen) => Waits(seen).Any();

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var (call, until) in Waits(seen))
        {
            if (!seen.Calls.Any(c => c.Name == call.Name && c.Place > call.Place && c.At <= until))
            {
                yield return $"{call.Name} (call {call.Call}) did not succeed, and {(until - call.At).TotalSeconds:0} "
                    + "s later there is no retry";
            }
        }
    }

    /// <summary>Returns the failed calls that must be retried, each with the time at which the retry is late.</summary>
    private static IEnumerable<(Served Call, TimeSpan Until)> Waits(Case seen)
    {
        foreach (var calls in seen.Calls.Where(c => c.Name[0] is 'f' or 'b' or 'c'
            || (seen.Plan.Type == "msg" && c.Name[0] == 'a')).GroupBy(static c => c.Name))
        {
            var failures = 0;
            foreach (var call in calls)
            {
                if (seen.HasSucceeded(call.Name, call.Place) || IsGood(seen, call))
                {
                    break;
                }

                failures++;
                var wait = Math.Min(
                    seen.Plan.RetryInterval * Math.Pow(2, failures - 1), Bounds.RetryIntervalMax.TotalSeconds);
                var until = call.At + TimeSpan.FromSeconds(seen.Plan.RequestTimeout + (1.2 * wait)) + Bounds.Late;
                if (seen.IsCalm(call.At, until))
                {
                    yield return (call, until);
                }
            }
        }
    }

    /// <summary>Returns true if the caller may have received a success.</summary>
    private static bool IsGood(Case seen, Served call) =>
        !seen.Replies.TryGetValue(call.Call, out var reply) || reply.Answer == Answer.Success;
}
