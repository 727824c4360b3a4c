using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Simulation.Engine;

namespace OrleansDtm.Simulation.Machines;

/// <summary>What a LiveTransaction is in production: gives a runner a scheduler, a timer and an end.</summary>
internal sealed class Activation : IRunnerHost
{
    private readonly Cluster _cluster;
    private int _timer;

    public Activation(Cluster cluster, Process process, string gid)
    {
        (_cluster, Process, Gid) = (cluster, process, gid);
        Turns = process.NewTurns();
        Runner = new TransactionRunner(gid, process.Services, cluster.Defect.Host(this, process));
    }

    public Process Process { get; }

    public string Gid { get; }

    public Turns Turns { get; }

    public TransactionRunner Runner { get; }

    /// <summary>It takes no more requests; those that come are sent anew.</summary>
    public bool IsEnding { get; private set; }

    public void WakeAt(DateTimeOffset? moment)
    {
        var timer = ++_timer;
        if (moment is not { } at)
        {
            return;
        }

        // As the grain: whole milliseconds, never early, never beyond what a timer can hold.
        var wait = at - Process.Clock.GetUtcNow();
        var due = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 1, TimeSpan.FromDays(1).TotalMilliseconds));
        _cluster.World.After(due, () => Turns.Post(() =>
        {
            if (timer == _timer && !IsEnding)
            {
                Runner.Wake();
            }
        }));
    }

    public void Done() => End();

    public void Orphaned() => _cluster.World.Watch(Tell());

    /// <summary>Orleans takes it away: at once no more requests, a moment later no more turns.</summary>
    public void End()
    {
        if (IsEnding)
        {
            return;
        }

        IsEnding = true;
        _timer++;
        _cluster.World.After(_cluster.World.Between(0, 3), () => Turns.Post(() =>
        {
            Runner.Close();
            _cluster.Forget(this);
        }));
    }

    /// <summary>As production's door has it resumed; false = the store was away.</summary>
    public async Task<bool> Resume(long goneOwner) =>
        (await Runner.Post(TransactionEvent.TimeDue.After(goneOwner))).Kind != ReplyKind.Unavailable;

    private async Task Tell()
    {
        try
        {
            await _cluster.Ask(Process, Gid, a => a.Resume(Process.Owner), Cluster.ResponseTimeout);
        }
        catch (TimeoutException)
        {
            // Nobody is told: the lease brings it back.
        }
    }
}
