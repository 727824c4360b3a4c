using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Histories;

/// <summary>Formats a history as text lines: seconds, transaction, event.</summary>
internal static class Timeline
{
    /// <param name="gid">Includes only this transaction and the machines; null = everything.</param>
    public static IEnumerable<string> Lines(IEnumerable<Happening> happenings, string? gid) => happenings
        .Where(h => gid is null || h.Gid is null || h.Gid == gid)
        .Select(static h => string.Create(
            CultureInfo.InvariantCulture, $"{h.At.TotalSeconds,10:0.0000}  {h.Gid,-4} {Text(h)}"));

    private static string Text(Happening happening) => happening switch
    {
        Asked e => $"client    asks {e.Word}{(e.Wait ? " and waits" : "")} (request {e.Request})",
        Answered e => $"{e.Process,-8}  answers {e.Word}: {Text(e.Reply)} (request {e.Request})",
        Heard { Reply: null } e => $"client    gets no reply to {e.Word} (request {e.Request})",
        Heard e => $"client    gets the reply to {e.Word}: {Text(e.Reply!)} (request {e.Request})",
        Stored e => $"database  has version {e.State.Version} of {e.Process}, {Text(e.State)}, owner {e.Row.Owner}",
        Fenced e => $"database  fences a write of {e.Process}",
        Called e => $"{e.Process,-8}  calls {e.Name}, attempt {e.Attempt} (call {e.Call})",
        Served e => $"service   gets {e.Name}: {e.Did} (call {e.Call})",
        CallEnded e => $"{e.Process,-8}  gets the outcome of {e.Name}: {e.Outcome} (call {e.Call})",
        LocalWork e => $"submitter {e.What}",
        Struck e => $"FAULT     {e.Kind} {e.Target}",
        MachineNews e => $"{e.Process,-8}  {e.What} (owner {e.Owner})",
        Kept e => $"{e.Process,-8}  still has it in memory",
        Complaint e => $"{e.Process,-8}  logs an error: {e.Text}",
        _ => happening.ToString(),
    };

    private static string Text(TransactionReply reply) =>
        $"{reply.Kind} {reply.Status}{(reply.Message.Length > 0 ? $" \"{reply.Message}\"" : "")}";

    private static string Text(Transaction state)
    {
        var branches = state.Branches.Select(
            (b, i) => $"{b.Definition.Id}-{b.Definition.Op}:{Text(b, state.Live(i) is not null)}").ToList();
        if (state.Query is { } query)
        {
            branches.Add("query:" + Text(query, true));
        }

        if (state.Notice is { } notice)
        {
            branches.Add("notice:" + Text(notice, true));
        }

        var due = state.Due is { } at
            ? string.Create(CultureInfo.InvariantCulture, $", due {(at - Engine.World.Start).TotalSeconds:0.000}")
            : "";
        return $"{Names.Of(state.Status)} [{string.Join(' ', branches)}]{due}";
    }

    private static string Text(BranchOp branch, bool live) => branch switch
    {
        { Status: BranchStatus.Succeed } => "done",
        { Status: BranchStatus.Failed } => "failed",
        { InFlight: true } when live => "calling",
        { RetryAt: { } at } when live => string.Create(
            CultureInfo.InvariantCulture, $"retry@{(at - Engine.World.Start).TotalSeconds:0.000}"),
        { Started: true } => "started",
        _ => "-",
    };
}
