using System.Globalization;
using System.Text;
using OrleansDtm.Core;

namespace OrleansDtm.Testing.Journals;

/// <summary>The timeline of a transaction as text, for the messages of failed assertions.</summary>
internal static class TimelineText
{
    public static string Of(string gid, Story story, DateTimeOffset now)
    {
        if (story is { State: null, Calls.Count: 0 })
        {
            return $"The coordinator has never stored a transaction {gid}.";
        }

        var start = story.Created ?? story.Calls[0].Call.At;
        var type = story.State is { } state ? Names.Of(state.Definition.Type) : "transaction";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{type} {gid}, virtual time since its start:");
        var lines = story.Statuses.Select(s => (s.Order, Line(s.At - start, s.Status)))
            .Concat(story.Calls.Select(c => (c.Order, Line(c.Call.At - start, Words(c.Call, start)))));
        foreach (var (_, line) in lines.OrderBy(static line => line.Order))
        {
            text.AppendLine().Append(line);
        }

        if (story.State is { IsFinal: false } open)
        {
            text.AppendLine().Append(Line(now - start, open.WakeAt is { } due
                ? $"now: {Names.Of(open.Status)}, due at {Span(due - start)}"
                : $"now: {Names.Of(open.Status)}"));
        }

        if (story.State is { RollbackReason.Length: > 0 } failed)
        {
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"  rollback reason: {failed.RollbackReason}");
        }

        return text.ToString();
    }

    public static string Span(TimeSpan time) => time.TotalHours >= 24
        ? string.Create(CultureInfo.InvariantCulture, $"+{(int)time.TotalDays}d {time:hh\\:mm\\:ss\\.fff}")
        : string.Create(CultureInfo.InvariantCulture, $"+{time:hh\\:mm\\:ss\\.fff}");

    private static string Line(TimeSpan at, string words) =>
        string.Create(CultureInfo.InvariantCulture, $"  {Span(at),-14} {words}");

    private static string Words(TransactionCall call, DateTimeOffset start)
    {
        var outcome = call.Outcome switch
        {
            CallOutcome.None => "under way",
            CallOutcome.Succeeded => "succeeded",
            CallOutcome.Failed => $"FAILURE: {call.Error}",
            CallOutcome.Ongoing => call.Error.Length > 0 ? $"ONGOING: {call.Error}" : "ONGOING",
            _ => $"error: {call.Error}",
        };
        var late = call.Ended is { } ended && ended > call.At ? $" at {Span(ended - start)}" : "";
        var fault = call.Fault.Length > 0 ? $" [script: {call.Fault}]" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{call.BranchId} {call.Op,-10} {call.Url} attempt {call.Attempt}: {outcome}{late}{fault}");
    }
}
