using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Submitters;

/// <summary>
/// Sends requests of one transaction to random processes, over a network that loses the reply if the process dies.
/// </summary>
internal sealed class Client(Cluster cluster, TransactionPlan plan, RequestNumbers numbers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PatienceForEnd = TimeSpan.FromSeconds(30);

    private readonly Requests _requests = new(plan, cluster.Defect);

    /// <summary>The number of requests without a reply.</summary>
    public int UnderWay { get; private set; }

    public World World => cluster.World;

    /// <summary>The stored progress of a workflow at its last prepare; null = unknown.</summary>
    public Transaction? Progress { get; private set; }

    /// <summary>Sends a request and retries until the reply is not "unavailable".</summary>
    public async Task<TransactionReply> Say(string word)
    {
        while (true)
        {
            if (await Try(word) is { Kind: not ReplyKind.Unavailable } reply)
            {
                return reply;
            }

            await World.Delay(World.Between(200, 1500));
        }
    }

    /// <summary>Sends a request once; null = no reply.</summary>
    public async Task<TransactionReply?> Try(string word)
    {
        var request = numbers.Next();
        var wait = word == "wait" || (word is "submit" or "abort" && plan.WaitResult);
        var heard = new TaskCompletionSource<TransactionReply?>();
        var processes = cluster.Alive.ToList();
        var process = processes.Count > 0 ? processes[World.Random.Next(processes.Count)] : null;
        World.History.Add(plan.Gid, new Asked(request, word, wait, process?.Name ?? ""));
        UnderWay++;
        if (process is not null)
        {
            World.After(
                World.Between(0.1, 5),
                () => process.NewTurns().Post(() => World.Watch(Handle(process, request, word, heard))));
        }

        World.After(wait ? PatienceForEnd : Patience, () => heard.TrySetResult(null));
        var reply = await heard.Task;
        UnderWay--;
        World.History.Add(plan.Gid, new Heard(request, word, reply));
        return reply;
    }

    /// <summary>Handles a request like the front end of a process.</summary>
    private async Task Handle(Process process, int request, string word, TaskCompletionSource<TransactionReply?> heard)
    {
        var (occurred, waits) = _requests.Event(word, process.Clock.GetUtcNow());
        var reply = await cluster.Defect.Post(word, () => process.Transactions.Tell(plan.Gid, occurred, waits));
        if (word == "prepare" && plan.Type == TransactionType.Workflow && reply.Kind == ReplyKind.Ok)
        {
            try
            {
                Progress = (await process.Store.Load(plan.Gid, CancellationToken.None))?.Transaction;
            }
            catch (StoreUnavailableException e)
            {
                reply = new TransactionReply { Kind = ReplyKind.Unavailable, Message = e.Message };
            }
        }

        process.Step(FaultKind.KillAtReply);
        if (!process.IsAlive)
        {
            return;
        }

        World.History.Add(plan.Gid, new Answered(request, word, reply, process.Name));
        World.After(World.Between(0.1, 5), () => heard.TrySetResult(reply));
    }
}

/// <summary>Numbers requests over all clients.</summary>
internal sealed class RequestNumbers
{
    private int _last;

    public int Next() => ++_last;
}
