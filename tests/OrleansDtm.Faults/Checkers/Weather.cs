using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>The faults of a run and their times.</summary>
/// <param name="machines">The events of machines and faults, in order.</param>
internal sealed class Weather(IReadOnlyList<Happening> machines)
{
    private readonly List<(string Kind, TimeSpan From, TimeSpan To)> _faults = Faults(machines);

    /// <param name="kind">The fault kind; null = any.</param>
    public bool Overlaps(string? kind, TimeSpan from, TimeSpan to) =>
        _faults.Any(f => (kind is null || f.Kind == kind) && f.From <= to && f.To >= from);

    /// <summary>Returns true if a paused silo continued between these times; an empty name = any silo.</summary>
    public bool WentOn(string silo, TimeSpan from, TimeSpan to) =>
        machines.OfType<SiloNews>().Any(
            n => n.What == "goes on" && (silo.Length == 0 || n.Silo == silo) && n.At >= from && n.At <= to);

    /// <summary>Returns true if the silo's process did not start, end, pause or continue between these times.</summary>
    public bool IsSame(string silo, TimeSpan from, TimeSpan to) =>
        silo.Length > 0 && !machines.OfType<SiloNews>().Any(n => n.Silo == silo && n.At >= from && n.At <= to);

    /// <summary>Returns true if the silo's process ended between these times.</summary>
    public bool HasDied(string silo, TimeSpan from, TimeSpan to) => machines.OfType<SiloNews>().Any(
        n => n.Silo == silo && n.What.StartsWith("ended", StringComparison.Ordinal) && n.At >= from && n.At <= to);

    /// <summary>Returns the injected faults, and processes that ended unexpectedly.</summary>
    private static List<(string Kind, TimeSpan From, TimeSpan To)> Faults(IReadOnlyList<Happening> machines)
    {
        var faults = new List<(string, TimeSpan, TimeSpan)>();
        foreach (var news in machines)
        {
            switch (news)
            {
                case Struck struck:
                    var healed = machines.OfType<Healed>().FirstOrDefault(
                        h => h.Kind == struck.Kind && h.Place > struck.Place);
                    faults.Add((struck.Kind, struck.At, healed?.At ?? TimeSpan.MaxValue));
                    break;
                case SiloNews ended when ended.What.StartsWith("ended", StringComparison.Ordinal):
                    faults.Add(("ended", ended.At, ended.At));
                    break;
            }
        }

        return faults;
    }
}
