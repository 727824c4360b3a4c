using OrleansDtm.Abstractions;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks graceful stops, one process after the other and without other faults: no request is rejected, and calls in
/// flight are taken over at once.
/// </summary>
internal sealed class StopCheck : Check
{
    /// <summary>The time for a message to the next owner, a read and a write.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);

    /// <summary>The time until another process sweeps the shard.</summary>
    private static readonly TimeSpan Swept = TimeSpan.FromSeconds(6);

    public override string Name => "19 orderly stops go unnoticed";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Plan.Alone
            || seen.Plan.Faults.Any(static f => f.Kind != FaultKind.Stop)
            || seen.All.OfType<MachineNews>().Any(static m => m.What == MachineNews.CutOff))
        {
            yield break;
        }

        foreach (var answer in seen.Answers.Where(static a => a.Reply.Kind == ReplyKind.Unavailable))
        {
            yield return $"{answer.Word} (request {answer.Request}) is rejected by {answer.Process}: "
                + $"{answer.Reply.Message}";
        }

        foreach (var leaves in seen.All.OfType<MachineNews>().Where(static m => m.What == MachineNews.Leaves))
        {
            foreach (var end in seen.Mine.OfType<CallEnded>().Where(
                e => e.Process == leaves.Process && e.Place > leaves.Place))
            {
                if (IsLast(seen, end) && IsLate(seen, end, Soon))
                {
                    yield return $"{end.Name} (call {end.Call}) returned to {end.Process}, which is leaving, and the "
                        + "transaction does not continue";
                }
            }
        }

        foreach (var stopped in seen.All.OfType<MachineNews>().Where(static m => m.What == MachineNews.Stopped))
        {
            if (seen.Before(stopped) is { } row
                && row.Row.Owner == stopped.Owner
                && row.State.HasInFlight
                && IsLate(seen, stopped, Swept))
            {
                yield return $"{stopped.Process} has stopped, and its calls are not taken over";
            }
        }
    }

    /// <summary>
    /// Returns true if the process has no other call of the transaction in flight. Until then no other owner takes
    /// over.
    /// </summary>
    private static bool IsLast(Case seen, CallEnded end) => !seen.Calls.Any(c =>
        c.Process == end.Process && c.Place < end.Place && !(seen.Ends.TryGetValue(c.Call, out var ended)
            && ended.Place <= end.Place));

    private static bool IsLate(Case seen, Happening since, TimeSpan limit) =>
        seen.Before(since)?.State is { IsFinal: false }
        && seen.Ended
        && !seen.Rows.Any(r => r.Place > since.Place && r.At - since.At < limit);
}
