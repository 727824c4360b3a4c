namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that a repeated request has one effect, whatever silo receives it, and that every rejection has a reason.
/// </summary>
internal sealed class RepetitionCheck : Check
{
    public override string Name => "10 repetitions";

    public override bool Applies(Case seen) => seen.Heard.Any(static h => h.Code != 0);

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Told is { } told && told.Branches.GroupBy(static b => (b.Id, b.Op)).Any(static g => g.Count() > 1))
        {
            yield return "a branch is there twice";
        }

        foreach (var heard in seen.Heard.Where(static h => h.Code is >= 400 and < 500 and not 425))
        {
            if (!IsJustified(seen, heard))
            {
                yield return $"{heard.Word} was refused ({heard.Code} {heard.Text}), and nothing justifies that";
            }
        }
    }

    private static bool IsJustified(Case seen, Histories.Heard heard)
    {
        var named = Case.Named(heard.Text);
        var wasPrepared = seen.Heard.Any(
            h => h is { Code: 200, Word: "prepare" } && h.Place < seen.Asked[heard.Request].Place);
        return heard.Word switch
        {
            // Rejected before the transaction exists and after it has ended.
            "retry" => seen.End is null || Case.IsEnd(seen.End),
            _ when heard.Code != 409 => false,

            // The transaction is rolled back, or it has ended.
            "submit" when heard.Wait && named is null => seen.End == "failed",
            "submit" => named is "aborting" or "succeed" or "failed"
                || (seen.Plan.Type is "tcc" or "xa" && !wasPrepared && named is null),
            "prepare" => named is not (null or "prepared"),
            "abort" => named is not (null or "prepared") || !wasPrepared,
            "succeed" or "fail" => seen.IsFinal,

            // A branch that is registered after the decision.
            _ => seen.End == "failed" || seen.WasAsked("submit") || seen.WasAsked("succeed"),
        };
    }
}
