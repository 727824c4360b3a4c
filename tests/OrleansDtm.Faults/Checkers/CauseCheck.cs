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
    /// as failed, whatever was answered. On a busy machine a call can also time out on its way: then a row changes
    /// and no call has arrived.
    /// </summary>
    private static bool IsTired(Case seen)
    {
        if (seen.Plan.RetryLimit == 0)
        {
            return false;
        }

        var lost = seen.Rows.Zip(seen.Rows.Skip(1)).Count(pair => pair.First.Status == pair.Second.Status
            && !seen.Calls.Any(c => c.Place > pair.First.Place && c.Place < pair.Second.Place)
            && !seen.IsCalm(pair.First.At, pair.Second.At));
        return seen.Calls.Count(static c => c.Name[0] == 'a') + lost > seen.Plan.RetryLimit;
    }
}
