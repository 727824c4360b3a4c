using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that no process keeps an idle transaction in memory.</summary>
internal sealed class MemoryCheck : Check
{
    public override string Name => "18 memory is given back";

    public override IEnumerable<string> Judge(Case seen) => seen.Ended
        ? seen.Mine.OfType<Kept>().Select(static kept => $"{kept.Process} still has it in memory at the end")
        : [];
}
