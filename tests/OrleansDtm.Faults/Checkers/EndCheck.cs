namespace OrleansDtm.Faults.Checkers;

/// <summary>Checks that every accepted transaction ends within <see cref="Bounds.End"/> after the last fault.</summary>
internal sealed class EndCheck : Check
{
    public override string Name => "01 it ends";

    public override bool Applies(Case seen) => seen.WasAccepted;

    public override IEnumerable<string> Judge(Case seen)
    {
        if (!seen.IsFinal)
        {
            yield return $"it is {seen.End ?? "not there"} when nothing has gone wrong for {Bounds.End.TotalSeconds} s";
        }
        else if (seen.Told is { } told && told.Status != seen.End)
        {
            yield return $"the row is {seen.End}, and the API says {told.Status ?? "there is none"}";
        }
    }
}
