using OrleansDtm.Simulation.Engine;

namespace OrleansDtm.Simulation.Histories;

/// <summary>All visible events in order. Only checkers read it.</summary>
internal sealed class History(World world)
{
    private readonly List<Happening> _all = [];

    public IReadOnlyList<Happening> All => _all;

    public void Add(string? gid, Happening happening) =>
        _all.Add(happening with { At = world.Now, Place = _all.Count, Gid = gid });

    public IEnumerable<T> Of<T>(string gid)
        where T : Happening => _all.OfType<T>().Where(h => h.Gid == gid);
}
