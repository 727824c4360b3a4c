using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// It ends as its submitter, its branches and its age say; deaths, lost messages and errors of the store never decide
/// anything, and nobody is told of an error that is none of his.
/// </summary>
internal sealed class CauseCheck : Check
{
    public override string Name => "16 faults decide nothing";

    public override bool Applies(Case seen) => seen.IsFinal || seen.Heard.Any(static h => h.Code >= 500);

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.End == "succeed" && !MaySucceed(seen))
        {
            yield return "it succeeded, and nobody wanted that";
        }

        if (seen.End == "failed" && !MayFail(seen))
        {
            yield return $"it failed (\"{seen.Reason}\"), and nothing said so";
        }

        foreach (var heard in seen.Heard.Where(static h => h.Code >= 500))
        {
            yield return $"{heard.Word} was answered {heard.Code} {heard.Text}";
        }
    }

    private static bool MaySucceed(Case seen) => seen.Plan.Type switch
    {
        "workflow" => seen.WasAsked("succeed"),
        "msg" => seen.WasAsked("submit") || seen.HasAnswered('q', Answer.Success),
        _ => seen.WasAsked("submit"),
    };

    private static bool MayFail(Case seen)
    {
        var isOld = seen.Reason.StartsWith("Timeout after", StringComparison.Ordinal)
            && seen.Timeout < TimeSpan.MaxValue;
        return seen.Plan.Type switch
        {
            "workflow" => seen.WasAsked("fail"),
            "msg" => seen.WasAsked("abort") || seen.HasAnswered('q', Answer.Failure),
            "saga" => isOld || seen.HasAnswered('a', Answer.Failure) || IsTired(seen),
            _ => isOld || seen.WasAsked("abort"),
        };
    }

    /// <summary>
    /// More calls of actions went wrong than are allowed. What the caller did not hear of counts for him as an error,
    /// whatever was answered.
    /// </summary>
    private static bool IsTired(Case seen) =>
        seen.Plan.RetryLimit > 0 && seen.Calls.Count(static c => c.Name[0] == 'a') > seen.Plan.RetryLimit;
}
