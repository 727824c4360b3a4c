using OrleansDtm.Abstractions;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that failing services of other transactions do not delay a healthy one, and that no call is repeated in a
/// storm.
/// </summary>
internal sealed class IsolationCheck : Check
{
    private const int StormMax = 25;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(5);

    public override string Name => "14 isolation";

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var calls in seen.Calls.Where(static c => c.Owner != 0)
            .GroupBy(static c => c.Name)
            .Select(static g => g.ToList()))
        {
            for (var i = StormMax; i < calls.Count; i++)
            {
                if (calls[i].At - calls[i - StormMax].At < Window)
                {
                    yield return $"{calls[i].Name} was called {StormMax} times within {Window.TotalSeconds} s";
                    break;
                }
            }
        }

        var plan = seen.Transaction;
        var isHealthy = seen.Plan.Faults.IsEmpty
            && plan.Fates.IsEmpty
            && plan.Extras.IsEmpty
            && plan.SubmitterDiesAt == 0;
        var decided = seen.Answers.LastOrDefault(
            static a => a is { Word: "submit" or "abort" or "succeed" or "fail", Reply.Kind: ReplyKind.Ok });
        var ended = seen.Rows.FirstOrDefault(static r => r.State.IsFinal);
        if (isHealthy
            && decided is not null
            && ended is not null
            && ended.At - decided.At > Healthy + TimeSpan.FromSeconds(Math.Max(plan.Delay, plan.AtSubmit?.Delay ?? 0)))
        {
            yield return "nothing is wrong with it, and it ended only "
                + $"{(ended.At - decided.At).TotalSeconds} s after it was decided";
        }
    }
}
