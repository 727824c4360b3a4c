using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that no write is fenced while all processes see the same members, because a transaction then runs in one
/// process.
/// </summary>
internal sealed class HomeCheck : Check
{
    public override string Name => "20 one home at a time";

    public override IEnumerable<string> Judge(Case seen) => seen.Plan.Faults.IsEmpty
        ? seen.Mine.OfType<Fenced>()
            .Where(static f => !f.IsInsert)
            .Select(static f => $"a write of {f.Process} is fenced")
        : [];
}
