using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Stores;

/// <summary>The database of one shard: its durable rows and its current faults. It outlives every process.</summary>
internal sealed class Database(World world, int number)
{
    private readonly Queue<FaultKind> _armed = new();

    public int Number => number;

    /// <summary>The time at which reads work again.</summary>
    public TimeSpan ReadsBack { get; set; }

    public TimeSpan WritesBack { get; set; }

    public TimeSpan FastAgain { get; set; }

    public InMemoryTransactionStore Rows { get; private set; } = new();

    public StoredTransaction? Row(string gid) => Rows.Load(gid, CancellationToken.None).Result;

    /// <summary>Adds a fault for the next commit.</summary>
    public void Arm(FaultKind fault) => _armed.Enqueue(fault);

    /// <summary>Returns the fault of a commit that starts now; null = none.</summary>
    public FaultKind? Meet()
    {
        if (!_armed.TryDequeue(out var fault))
        {
            return null;
        }

        world.History.Add(null, new Struck(fault.ToString(), $"shard {number}"));
        return fault;
    }

    /// <summary>Ends all faults and removes pending ones. A commit in progress keeps its fate.</summary>
    public void Calm()
    {
        _armed.Clear();
        (ReadsBack, WritesBack, FastAgain) = (world.Now, world.Now, world.Now);
    }

    /// <summary>Commits a batch atomically.</summary>
    public void Apply(IReadOnlyList<EncodedWrite> batch, WriteResult[] results, string process)
    {
        var one = new WriteResult[1];
        for (var i = 0; i < batch.Count; i++)
        {
            Rows.Commit([batch[i]], one);
            results[i] = one[0];
            var gid = batch[i].Gid;
            world.History.Add(gid, one[0] == WriteResult.Written
                ? new Stored(Row(gid)!, process)
                : new Fenced(process, batch[i].ExpectedVersion == 0));
        }
    }

    /// <summary>Draws the current one-way latency.</summary>
    public TimeSpan Latency() => world.Now < FastAgain ? world.Between(50, 2000) : world.Between(0.1, 3);
}
