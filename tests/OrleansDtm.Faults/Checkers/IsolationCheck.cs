namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that failing services of other transactions do not delay a healthy one, and that no call is repeated in a
/// storm.
/// </summary>
internal sealed class IsolationCheck : Check
{
    private const int StormMax = 25;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    public override string Name => "14 isolation";

    public override bool Applies(Case seen) => seen.Calls.Count > 0;

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var calls in seen.Calls.GroupBy(static c => c.Name).Select(static g => g.ToList()))
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

        var decided = seen.Asked.Values.Where(static a => a.Word is "submit" or "succeed")
            .Select(static a => a.At)
            .DefaultIfEmpty(TimeSpan.MaxValue)
            .Min();
        var late = decided == TimeSpan.MaxValue
            ? decided
            : decided + TimeSpan.FromSeconds(seen.Plan.Delay) + Bounds.Late;
        var end = seen.Rows.FirstOrDefault(static r => Case.IsEnd(r.Status));
        if (seen.Plan.IsPlain
            && late != TimeSpan.MaxValue
            && (end is null || end.At > late)
            && seen.IsCalm(seen.Mine[0].At, late))
        {
            yield return "nothing is wrong with it, nor with anything else, and it has not ended "
                + $"{Bounds.Late.TotalSeconds} s after it was decided";
        }
    }
}
