using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Machines;

/// <summary>A machine: its clock, its process, and the planned death of that process.</summary>
internal sealed class Machine(World world, int number)
{
    private readonly List<FaultKind> _armed = [];

    public int Number => number;

    public WallClock Wall { get; } = new(world);

    /// <summary>The error of its clock, which the next process to start uses.</summary>
    public TimeSpan Jump { get; set; }

    public Process? Process { get; set; }

    public int Lives { get; set; }

    /// <summary>The downtime after the next death.</summary>
    public TimeSpan DownFor { get; set; } = TimeSpan.FromSeconds(1);

    public void Arm(FaultKind step) => _armed.Add(step);

    public void Disarm() => _armed.Clear();

    public bool Meets(FaultKind step) => _armed.Count > 0 && _armed.Remove(step);
}
