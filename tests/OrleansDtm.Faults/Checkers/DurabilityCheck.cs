namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that every transaction that was answered with success, or whose branch was called, is stored at the end.
/// </summary>
internal sealed class DurabilityCheck : Check
{
    public override string Name => "12 durable before visible";

    public override bool Applies(Case seen) => seen.Calls.Count > 0 || seen.Heard.Any(static h => h.Code == 200);

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Heard.FirstOrDefault(static h => h.Code == 200) is { } heard && seen.Told?.Status is null)
        {
            yield return $"{heard.Word} was answered 200, and there is no such transaction";
        }

        if (seen.Calls.Count > 0 && seen.Told?.Status is null)
        {
            yield return $"{seen.Calls[0].Name} was called, and there is no such transaction";
        }

        if (seen.Calls.Count > 0 && seen.Calls[0].At < seen.Created)
        {
            yield return $"{seen.Calls[0].Name} was called before the first request";
        }

        if (seen.Heard.FirstOrDefault(static h => h is { Code: 200, Word: "submit" }) is not null
            && seen.End == "prepared")
        {
            yield return "submit was answered 200, and it is prepared";
        }
    }
}
