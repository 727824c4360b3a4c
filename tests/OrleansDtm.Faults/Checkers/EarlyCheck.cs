namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that no timer is early: no retry, timeout, delay or query_prepared call. Two requests make pending calls due:
/// resetNextCronTime and a repeated submit.
/// </summary>
internal sealed class EarlyCheck : Check
{
    /// <summary>The tolerance on one machine. Its processes share a clock, but rows keep only milliseconds.</summary>
    private static readonly TimeSpan OneClock = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// The tolerance if a silo's clock is wrong. The silo then knows the database's time with the precision of a round
    /// trip.
    /// </summary>
    private static readonly TimeSpan TwoClocks = TimeSpan.FromSeconds(1);

    public override string Name => "13 never early";

    public override bool Applies(Case seen) => seen.Calls.Count > 0;

    public override IEnumerable<string> Judge(Case seen) => Timeouts(seen).Concat(Retries(seen));

    private static TimeSpan Cut(Case seen) => seen.HadWrongClock ? TwoClocks : OneClock;

    private static IEnumerable<string> Timeouts(Case seen)
    {
        var first = seen.Calls.FirstOrDefault(static c => c.Name[0] == 'a');
        if (first is not null && first.At < seen.Created + TimeSpan.FromSeconds(seen.Plan.Delay) - Cut(seen))
        {
            yield return $"the message was sent {(first.At - seen.Created).TotalSeconds:0.00} s after it was "
                + $"announced, its delay is {seen.Plan.Delay} s";
        }

        if (seen.Timeout == TimeSpan.MaxValue)
        {
            yield break;
        }

        var old = seen.Created + seen.Timeout - Cut(seen);
        if (seen.Calls.FirstOrDefault(static c => c.Name == "q") is { } question
            && seen.Plan.Type == "msg"
            && question.At < old
            && !seen.WasHurried(TimeSpan.Zero, question.At))
        {
            yield return "the question came before the message was old";
        }

        var back = seen.Calls.FirstOrDefault(static c => c.Name[0] is 'b' or 'c');
        if (back is not null && back.At < old && seen.Reason.StartsWith("Timeout after", StringComparison.Ordinal))
        {
            yield return "it turned back for its age before it was old";
        }
    }

    private static IEnumerable<string> Retries(Case seen)
    {
        foreach (var calls in seen.Calls.GroupBy(static c => c.Name))
        {
            foreach (var (first, second) in calls.Zip(calls.Skip(1)))
            {
                if (first.Silo == second.Silo
                    && seen.IsSame(first.Silo, first.At, second.At)
                    && seen.IsCalm(first.At, second.At)
                    && !seen.WasHurried(first.At, second.At)
                    && second.At < first.At + TimeSpan.FromSeconds(seen.Plan.RetryInterval) - Cut(seen))
                {
                    yield return $"{second.Name} is called again {(second.At - first.At).TotalSeconds:0.00} s later, "
                        + $"its interval is {seen.Plan.RetryInterval} s";
                }
            }
        }
    }
}
