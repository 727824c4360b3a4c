namespace OrleansDtm.Faults.Checkers;

/// <summary>Checks that no response about the end contradicts the final status, with or without wait.</summary>
internal sealed class WaitCheck : Check
{
    public override string Name => "09 the end that is told";

    public override bool Applies(Case seen) => seen.Heard.Any(static h => h.Code is 200 or 409);

    public override IEnumerable<string> Judge(Case seen)
    {
        foreach (var heard in seen.Heard.Where(static h => h.Code is 200 or 409))
        {
            if (Promised(seen, heard) is { } end && seen.End != end)
            {
                yield return $"{heard.Word} was answered {heard.Code} \"{heard.Text}\", and it is "
                    + $"{seen.End ?? "not there"}";
            }
        }
    }

    /// <summary>Returns the only end that a response allows; null = it allows both.</summary>
    private static string? Promised(Case seen, Histories.Heard heard) => heard switch
    {
        { Code: 409 } when Case.Named(heard.Text) is { } named => named switch
        {
            "succeed" or "failed" => named,
            "aborting" => "failed",
            "submitted" when seen.Plan.Type is "msg" or "tcc" or "xa" => "succeed",
            _ => null,
        },
        { Code: 409, Word: "submit", Wait: true } => "failed",
        { Code: 409 } => null,
        { Word: "submit", Wait: true } => "succeed",
        { Word: "submit" } when seen.Plan.Type is "msg" or "tcc" or "xa" => "succeed",
        { Word: "abort" or "fail" } => "failed",
        { Word: "succeed" } => "succeed",

        // A workflow's progress.
        { Word: "prepare", Text: "succeed" or "failed" } => heard.Text,
        _ => null,
    };
}
