using OrleansDtm.Grains;
using OrleansDtm.Grains.Recovery;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Machines;

/// <summary>Simulates the recovery grain: runs the sweeps of one shard in one process.</summary>
internal sealed class Sweeper
{
    private readonly Cluster _cluster;
    private readonly RecoverySweep _sweep;
    private readonly DtmGrainOptions _options;

    public Sweeper(Cluster cluster, Process process, int shard)
    {
        (_cluster, Process) = (cluster, process);
        _options = new DtmGrainOptions
        {
            SweepPageSize = cluster.Plan.SweepPageSize,
            SweepConcurrency = cluster.Plan.SweepConcurrency,
            SoleOwner = cluster.Plan.Alone,
        };
        _sweep = new RecoverySweep(
            process.Shards[shard],
            shard,
            process.Owner,
            () => cluster.Gone,
            new PatientResume(process.Transactions.Resume, process.Clock, process).Resume,
            process.Clock,
            _options,
            process);
        process.NewTurns(grain: true).Post(() => cluster.World.Watch(Run()));
    }

    public Process Process { get; }

    private async Task Run()
    {
        for (var round = 0; Process is { IsAlive: true, IsLeaving: false }; round++)
        {
            Process.Step(FaultKind.KillAtSweep);
            if (_cluster.Defect.SweepsEvery is > 0 and var every && round % every == 0)
            {
                await _sweep.Run(CancellationToken.None);
            }

            var over = new TaskCompletionSource();
            _cluster.World.After(_options.SweepInterval, () => Process.WhenAwake(over.SetResult));
            await over.Task;
        }
    }
}
