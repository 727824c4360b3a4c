using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Where all processes see the same members, a transaction runs in one of them, and no write is guarded off.</summary>
internal sealed class HomeCheck : Check
{
    public override string Name => "20 one home at a time";

    public override IEnumerable<string> Judge(Case seen) => seen.Plan.Faults.IsEmpty
        ? seen.Mine.OfType<Fenced>().Where(static f => !f.IsInsert).Select(static f => $"a write of {f.Process} is guarded off")
        : [];
}
