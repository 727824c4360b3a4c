using OrleansDtm.Faults.Histories;

namespace OrleansDtm.Faults.Checkers;

/// <summary>What went wrong, and when.</summary>
/// <param name="machines">Of machines and faults, in order.</param>
internal sealed class Weather(IReadOnlyList<Happening> machines)
{
    private readonly List<(string Kind, TimeSpan From, TimeSpan To)> _faults = Faults(machines);

    /// <param name="kind">Null = any.</param>
    public bool Overlaps(string? kind, TimeSpan from, TimeSpan to) =>
        _faults.Any(f => (kind is null || f.Kind == kind) && f.From <= to && f.To >= from);

    /// <summary>A silo that was paused went on; any silo, when the name is not known.</summary>
    public bool WentOn(string silo, TimeSpan from, TimeSpan to) =>
        machines.OfType<SiloNews>().Any(
            n => n.What == "goes on" && (silo.Length == 0 || n.Silo == silo) && n.At >= from && n.At <= to);

    /// <summary>No process there began, ended or stood still.</summary>
    public bool IsSame(string silo, TimeSpan from, TimeSpan to) =>
        silo.Length > 0 && !machines.OfType<SiloNews>().Any(n => n.Silo == silo && n.At >= from && n.At <= to);

    /// <summary>A process that ended by itself is a fault as well, until it may have come back.</summary>
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
