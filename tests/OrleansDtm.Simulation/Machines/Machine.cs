using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Machines;

/// <summary>A machine: its clock, the process that runs on it, and how that one is meant to die.</summary>
internal sealed class Machine(World world, int number)
{
    private readonly List<FaultKind> _armed = [];

    public int Number => number;

    public WallClock Wall { get; } = new(world);

    /// <summary>Its clock was set, and the next process to start will believe it.</summary>
    public TimeSpan Jump { get; set; }

    public Process? Process { get; set; }

    public int Lives { get; set; }

    /// <summary>How long it stays down after the next death.</summary>
    public TimeSpan DownFor { get; set; } = TimeSpan.FromSeconds(1);

    public void Arm(FaultKind step) => _armed.Add(step);

    public void Disarm() => _armed.Clear();

    public bool Meets(FaultKind step) => _armed.Count > 0 && _armed.Remove(step);
}
