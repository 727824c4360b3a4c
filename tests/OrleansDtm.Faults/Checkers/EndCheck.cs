namespace OrleansDtm.Faults.Checkers;

/// <summary>What was accepted has come to its end when faults have stopped for as long as is promised.</summary>
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
