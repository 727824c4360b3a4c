using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that versions have no gap, that no progress is lost, and that no process repeats a call that another live
/// owner has in flight within its lease.
/// </summary>
internal sealed class SingleWriterCheck : Check
{
    public override string Name => "11 single writer";

    public override IEnumerable<string> Judge(Case seen)
    {
        for (var i = 0; i < seen.Rows.Count; i++)
        {
            var row = seen.Rows[i].State;
            if (row.Version != i + 1)
            {
                yield return $"write {i + 1} of the row has version {row.Version}";
                yield break;
            }

            if (i > 0 && Regress(seen, seen.Rows[i - 1].State, row) is { } what)
            {
                yield return $"version {row.Version}: {what}";
            }
        }

        foreach (var overlap in Overlaps(seen))
        {
            yield return overlap;
        }
    }

    /// <summary>The payload lacks a part of a result, so the action was to be called and then was not.</summary>
    private static bool WasNeverCalled(Case seen, int index) => seen.Transaction.Lacks is { } name
        && seen.Index(name) == index
        && !seen.Calls.Any(c => c.Name == name);

    private static string? Regress(Case seen, Transaction from, Transaction to)
    {
        if (to.Branches.Length < from.Branches.Length
            || to.RetryCount < from.RetryCount
            || to.Definition.Created != from.Definition.Created)
        {
            return "a call of the previous version is missing";
        }

        for (var i = 0; i < from.Branches.Length; i++)
        {
            var (was, now) = (from.Branches[i], to.Branches[i]);
            if ((was.Started && !now.Started && !WasNeverCalled(seen, i))
                || (was.Status != BranchStatus.Prepared && now.Status != was.Status)
                || now.Attempts < was.Attempts
                || now.Definition.Url != was.Definition.Url
                || !now.Definition.Payload.Span.SequenceEqual(was.Definition.Payload.Span))
            {
                return $"{was.Definition.Id}-{was.Definition.Op} lost progress or was replaced";
            }
        }

        return null;
    }

    private static IEnumerable<string> Overlaps(Case seen)
    {
        if (seen.Plan.HoursApart)
        {
            yield break; // To a clock an hour ahead every lease is over; the version still fences writes.
        }

        foreach (var second in seen.Calls.Where(static c => c.Owner != 0))
        {
            foreach (var first in seen.Calls.Where(
                c => c.Place < second.Place && c.Name == second.Name && c.Owner != 0 && c.Owner != second.Owner))
            {
                if (IsOver(seen, first, second.Place)
                    || IsLate(seen, first, second)
                    || LeaseOf(seen, first) is not { } lease)
                {
                    continue;
                }

                var until = lease - Engine.World.Start - (2 * TimerCheck.Tolerance(seen.Plan));
                if (second.At < until)
                {
                    yield return $"{second.Process} makes {second.Name} (call {second.Call}) while {first.Process} has "
                        + $"it in flight (call {first.Call}), alive and within its lease";
                }
            }
        }
    }

    /// <summary>Returns true if the call was answered, or its process died, stopped or was declared dead.</summary>
    private static bool IsOver(Case seen, Called call, int place) =>
        (seen.Ends.TryGetValue(call.Call, out var end) && end.Place < place)
        || seen.All.Take(place)
            .OfType<MachineNews>()
            .Any(m => m.Process == call.Process && m.What is not ("starts" or MachineNews.Leaves));

    /// <summary>
    /// Returns true if the second call was on its way before the first: its start is stored, and its process was then
    /// declared dead, which ends the lease. It arrives late, as a call that the network delays.
    /// </summary>
    private static bool IsLate(Case seen, Called first, Called second) =>
        seen.All.Take(first.Place).OfType<MachineNews>()
            .Any(m => m.Process == second.Process && m.What == MachineNews.DeclaredDead)
        && seen.Rows.Any(r => r.Place < first.Place
            && r.Row.Owner == second.Owner
            && seen.In(r.State, second.Name)?.InFlight == true);

    /// <summary>Returns the lease under which a call was made.</summary>
    private static DateTimeOffset? LeaseOf(Case seen, Called call) =>
        seen.Rows.LastOrDefault(r => r.Place < call.Place
            && r.Row.Owner == call.Owner
            && seen.In(r.State, call.Name)?.InFlight == true)?.State.LeaseUntil;
}
