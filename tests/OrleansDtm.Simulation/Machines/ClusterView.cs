using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Simulation.Machines;

/// <summary>
/// One process's view of the cluster: placement of transactions by its current members, and messages to them.
/// </summary>
internal sealed class ClusterView(Cluster cluster, Process process) : ICluster
{
    private readonly EventConverter _converter = new();
    private int _version;

    /// <summary>The processes that it believes to be active. It learns of changes late.</summary>
    public IReadOnlyList<Process> Members { get; private set; } = [];

    /// <summary>True while it has a wrong membership view.</summary>
    public bool IsMisled { get; private set; }

    /// <summary>
    /// Returns the process of a transaction, by production's hashing. Processes with the same members agree.
    /// </summary>
    public Process Home(string gid)
    {
        var hash = gid.Aggregate(2166136261u, static (h, c) => (h ^ c) * 16777619);
        return Members.Count == 0 ? process : Members.MaxBy(p => TransactionOwners.Claim(hash, (int)p.Owner))!;
    }

    public bool IsHere(string gid) => Home(gid) == process;

    /// <summary>Receives the members. An older version does not replace a newer one.</summary>
    public void Learn(int version, IReadOnlyList<Process> members)
    {
        if (version > _version)
        {
            _version = version;
            Members = IsMisled ? Members : members;
        }
    }

    /// <summary>Hides some of the other members for a while.</summary>
    public void Mislead(TimeSpan length)
    {
        if (IsMisled)
        {
            return;
        }

        IsMisled = true;
        Members = [.. Members.Where(p => p == process || cluster.World.Random.Next(3) == 0)];
        cluster.World.After(length, () =>
        {
            IsMisled = false;
            Members = cluster.Members;
        });
    }

    public Task<TransactionReply> Send(string gid, EventMessage message)
    {
        var answer = new TaskCompletionSource<TransactionReply>();
        Deliver(Home(gid));
        return answer.Task;

        void Deliver(Process target)
        {
            if (target.IsDeclaredDead || (process.IsDeclaredDead && target != process))
            {
                Back(process, new SiloUnavailableException("its process has ended"));
                return;
            }

            target.WhenDeclaredDead(() =>
                process.WhenAwake(() => answer.TrySetException(new SiloUnavailableException("its process has ended"))));
            var sent = _converter.ConvertFromSurrogate(_converter.ConvertToSurrogate(message));
            // As in Orleans: the receiving process creates the activation, whatever members it sees.
            cluster.World.After(
                cluster.Hop(process, target),
                () => target.NewTurns(grain: true).Post(() => cluster.World.Watch(Handle(target, sent))));
        }

        async Task Handle(Process target, EventMessage sent)
        {
            try
            {
                var reply = await target.Transactions.TellHere(gid, sent.Event, sent.Wait);
                cluster.World.After(
                    cluster.Hop(target, process), () => process.WhenAwake(() => answer.TrySetResult(reply)));
            }
            catch (Exception e)
            {
                Back(target, e);
            }
        }

        void Back(Process from, Exception e) =>
            cluster.World.After(cluster.Hop(from, process), () => process.WhenAwake(() => answer.TrySetException(e)));
    }
}
