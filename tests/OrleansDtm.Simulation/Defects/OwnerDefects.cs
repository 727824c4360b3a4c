using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Running;
using OrleansDtm.Simulation.Machines;

namespace OrleansDtm.Simulation.Defects;

/// <summary>A scheduler that wraps another one; a fault overrides its behaviour.</summary>
internal abstract class OtherScheduler(TurnScheduler inner) : TurnScheduler
{
    public override bool IsCallerFree => inner.IsCallerFree;

    public override bool IsThreadFree => inner.IsThreadFree;

    public override void Schedule(TurnQueue queue) => inner.Schedule(queue);

    public override void Start(Func<Task> work) => inner.Start(work);

    public override Task<T> Within<T>(TimeSpan limit, Task<T> task) => inner.Within(limit, task);
}

/// <summary>A cluster that wraps another one; a fault overrides its behaviour.</summary>
internal abstract class OtherCluster(ICluster inner) : ICluster
{
    public virtual bool IsHere(string gid) => inner.IsHere(gid);

    public virtual Task<TransactionReply> Send(string gid, EventMessage message) => inner.Send(gid, message);
}

/// <summary>Some turns of a queue are lost.</summary>
internal sealed class TurnsLost : Defect
{
    public override TurnScheduler Scheduler(TurnScheduler scheduler, Process process) => new Forgetful(scheduler);

    private sealed class Forgetful(TurnScheduler inner) : OtherScheduler(inner)
    {
        private int _count;

        public override void Schedule(TurnQueue queue)
        {
            if (++_count % 40 != 0)
            {
                base.Schedule(queue);
            }
        }
    }
}

/// <summary>After the faults stop, some turns are lost, among them those in which runs end.</summary>
internal sealed class LastTurnsLost : Defect
{
    public override TurnScheduler Scheduler(TurnScheduler scheduler, Process process) => new Tired(scheduler, process);

    private sealed class Tired(TurnScheduler inner, Process process) : OtherScheduler(inner)
    {
        public override void Schedule(TurnQueue queue)
        {
            if (!process.IsCalm || process.World.Random.Next(10) > 0)
            {
                base.Schedule(queue);
            }
        }
    }
}

/// <summary>A process runs a transaction twice: some requests reach the second run.</summary>
internal sealed class TwoRunsOfOne : Defect
{
    public override ICluster Cluster(ICluster cluster, Process process) => new Split(cluster, process);

    private sealed class Split(ICluster inner, Process process) : OtherCluster(inner)
    {
        private readonly Lazy<Transactions> _second = new(() =>
            new Transactions(new Lazy<RunnerServices>(process.Services), inner, process.Clock, new ProcessScheduler(
                process.World, process)));

        private int _count;

        public override bool IsHere(string gid) => base.IsHere(gid) && ++_count % 3 > 0;

        public override Task<TransactionReply> Send(string gid, EventMessage message) =>
            base.IsHere(gid) ? _second.Value.TellHere(gid, message.Event, message.Wait) : base.Send(gid, message);
    }
}

/// <summary>Every process believes that every transaction is placed on it.</summary>
internal sealed class EverybodyHome : Defect
{
    public override ICluster Cluster(ICluster cluster, Process process) => new Home(cluster);

    private sealed class Home(ICluster inner) : OtherCluster(inner)
    {
        public override bool IsHere(string gid) => true;
    }
}

/// <summary>A process that stops does not report to the next owner that a call ended too late.</summary>
internal sealed class OrphansForgotten : Defect
{
    public override ICluster Cluster(ICluster cluster, Process process) => new Silent(cluster, process);

    private sealed class Silent(ICluster inner, Process process) : OtherCluster(inner)
    {
        public override Task<TransactionReply> Send(string gid, EventMessage message) =>
            message.Event is TransactionEvent.TimeDue { GoneOwner: var gone } && gone == process.Owner
                ? Task.FromResult(new TransactionReply { Kind = ReplyKind.Ok })
                : base.Send(gid, message);
    }
}

/// <summary>A process that stops still treats its transactions as placed on it.</summary>
internal sealed class LeavingStaysHome : Defect
{
    public override ICluster Cluster(ICluster cluster, Process process) => new Stubborn(cluster, process);

    private sealed class Stubborn(ICluster inner, Process process) : OtherCluster(inner)
    {
        public override bool IsHere(string gid) => process.IsLeaving || base.IsHere(gid);
    }
}

/// <summary>A process that stops does not wait for pending requests.</summary>
internal sealed class StopInAHurry : Defect
{
    public override Task Stop(Process process, CancellationToken cancellationToken) =>
        process.Transactions.Stop(new CancellationToken(canceled: true));
}
