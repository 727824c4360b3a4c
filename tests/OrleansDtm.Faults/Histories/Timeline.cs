using System.Globalization;

namespace OrleansDtm.Faults.Histories;

/// <summary>Formats a history as text lines: seconds, event.</summary>
internal static class Timeline
{
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(30);

    /// <param name="mine">The events of one transaction.</param>
    /// <param name="machines">
    /// The events of machines and faults. Only those near the transaction's events are included.
    /// </param>
    public static IEnumerable<string> Lines(IReadOnlyList<Happening> mine, IReadOnlyList<Happening> machines)
    {
        if (mine.Count == 0)
        {
            return [];
        }

        var (from, to) = (mine[0].At - Around, mine[^1].At);
        return mine.Concat(machines.Where(m => m.At >= from && m.At <= to))
            .OrderBy(static h => h.Place)
            .Select(
                static h => string.Create(CultureInfo.InvariantCulture, $"{h.At.TotalSeconds,10:0.000}  {Text(h)}"));
    }

    private static string Text(Happening happening) => happening switch
    {
        Asked e => $"client    asks {e.Silo} for {e.Word}{(e.Wait ? " and waits" : "")} (request {e.Request})",
        Heard { Code: 0 } e => $"client    hears nothing certain of {e.Word}: {e.Text} (request {e.Request})",
        Heard e => $"client    hears of {e.Word}: {e.Code} {e.Text} (request {e.Request})",
        Served e => $"service   gets {e.Name} ({e.BranchId} {e.Op}) from "
            + $"{(e.Silo.Length > 0 ? e.Silo : "a silo")} (call {e.Call})",
        Replied e => $"service   answers {e.Name}: {e.Answer}, {e.Did} (call {e.Call})",
        Seen e => $"database  has version {e.Version}: {e.Status}",
        Told e => $"at last   the API says {e.Status ?? "there is none"} {e.Reason} "
            + $"[{string.Join(' ', e.Branches.Select(static b => $"{b.Id}-{b.Op}:{b.Status}"))}]",
        LocalWork e => $"submitter {e.What}",
        Struck e => $"FAULT     {e.Kind} {e.Target}",
        Healed e => $"OVER      {e.Kind} {e.Target}",
        SiloNews e => $"{e.Silo,-8}  {e.What}",
        _ => happening.ToString(),
    };
}
