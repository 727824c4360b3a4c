namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that no transaction goes both forward and back, and that no action follows its compensation's success.
/// </summary>
internal sealed class BothWaysCheck : Check
{
    public override string Name => "03 never both ways";

    public override bool Applies(Case seen) => seen.Calls.Count > 0 && seen.Plan.Type is "saga" or "tcc" or "xa";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Calls.Any(static c => c.Name[0] == 'f')
            && seen.Calls.FirstOrDefault(static c => c.Name[0] == 'b') is { } back)
        {
            yield return $"{back.Name} is called, and forward calls are made too";
        }

        foreach (var action in seen.Calls.Where(static c => c.Name[0] == 'a'))
        {
            if (seen.HasSucceeded("c" + action.Name[1..], action.Place) && !seen.IsEcho(action))
            {
                yield return $"{action.Name} is called after its compensation (call {action.Call})";
            }
        }
    }
}
