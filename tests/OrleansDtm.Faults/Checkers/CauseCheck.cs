using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>
/// Checks that only the submitter, the branches and the timeout decide a transaction. Deaths, lost messages and store
/// errors never do, and no response contains an internal error.
/// </summary>
internal sealed class CauseCheck : Check
{
    public override string Name => "16 faults decide nothing";

    public override bool Applies(Case seen) => seen.IsFinal || seen.Heard.Any(static h => h.Code >= 500);

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.End == "succeed" && !MaySucceed(seen))
        {
            yield return "it succeeded, and nothing caused that";
        }

        if (seen.End == "failed" && !MayFail(seen))
        {
            yield return $"it failed (\"{seen.Reason}\"), and nothing caused that";
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
    /// Returns true if more calls of actions failed than the retry limit allows. A call whose response was lost counts
    /// as failed, whatever was answered.
    /// </summary>
    private static bool IsTired(Case seen) =>
        seen.Plan.RetryLimit > 0 && seen.Calls.Count(static c => c.Name[0] == 'a') > seen.Plan.RetryLimit;
}
