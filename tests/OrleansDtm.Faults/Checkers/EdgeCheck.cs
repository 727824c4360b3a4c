namespace OrleansDtm.Faults.Checkers;

/// <summary>Checks that only valid status changes are visible, and that a final status never changes.</summary>
internal sealed class EdgeCheck : Check
{
    public override string Name => "02 edges";

    public override bool Applies(Case seen) => seen.Rows.Count > 0;

    public override IEnumerable<string> Judge(Case seen)
    {
        for (var i = 1; i < seen.Rows.Count; i++)
        {
            var (from, to) = (seen.Rows[i - 1], seen.Rows[i]);
            if (from.Status != to.Status && !CanBecome(seen.Plan.Type, from.Status, to.Status))
            {
                yield return $"version {to.Version}: {from.Status} became {to.Status}";
            }
            else if (Case.IsEnd(from.Status) && from.Finished != to.Finished)
            {
                yield return $"version {to.Version}: it ended once more";
            }
        }
    }

    /// <summary>
    /// Returns true for valid changes, one or several in a row, because not every version of the row is visible.
    /// </summary>
    private static bool CanBecome(string type, string from, string to) => (from, to) switch
    {
        ("prepared", _) => true,
        ("submitted", "succeed") => true,
        ("submitted", "failed" or "aborting") => type is "saga" or "workflow",
        ("aborting", "failed") => true,
        _ => false,
    };
}
