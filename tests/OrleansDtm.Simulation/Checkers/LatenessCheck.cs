namespace OrleansDtm.Simulation.Checkers;

/// <summary>Checks that due work is done within seconds if there are no faults.</summary>
internal sealed class LatenessCheck : Check
{
    /// <summary>
    /// The time after the last fault until deaths are detected, sweeps restart and hanging calls time out.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>A sweep interval, some round trips, and the rounding of clocks.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

    public override string Name => "13 never late";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Plan.HoursApart)
        {
            yield break;
        }

        for (var i = 0; i + 1 < seen.Rows.Count; i++)
        {
            if (seen.Rows[i].State.Due is not { } due)
            {
                continue;
            }

            var from = due - Engine.World.Start > seen.Plan.Calm + Grace
                ? due - Engine.World.Start
                : seen.Plan.Calm + Grace;
            if (seen.Rows[i + 1].At > from + Late)
            {
                yield return $"version {seen.Rows[i].State.Version} was due at "
                    + $"{(due - Engine.World.Start).TotalSeconds} s, and processed only at "
                    + $"{seen.Rows[i + 1].At.TotalSeconds} s";
            }
        }
    }
}
