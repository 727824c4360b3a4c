using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Simulation.Stores;
using OrleansDtm.Storage;

namespace OrleansDtm.Simulation.Machines;

/// <summary>
/// One lifetime of a coordinator process: its clock, connections and activations. After its death it has no effect.
/// </summary>
internal sealed class Process : ILogger
{
    private readonly Cluster _cluster;
    private readonly List<Turns> _turns = [];
    private readonly List<Action> _later = [];
    private readonly List<Action> _whenDeclared = [];
    private readonly SimStore[] _stores;

    public Process(Cluster cluster, Machine machine, string name, long owner)
    {
        (_cluster, Machine, Name, Owner) = (cluster, machine, name, owner);
        Clock = cluster.Defect.Clock(new SteadyClock(new ProcessClock(this)), this);
        _stores = [.. cluster.Databases.Select(d => new SimStore(cluster.World, this, d, cluster.Plan.BatchMax))];
        Shards = [.. _stores.Select(s => cluster.Defect.Store(s, this))];
        Store = new ShardedTransactionStore(Shards);
        Services = new RunnerServices(
            Store,
            cluster.Defect.Caller(new Caller(this, cluster.Services), this),
            Clock,
            owner,
            cluster.Plan.KeepAlive,
            this,
            SoleOwner: cluster.Defect.SoleOwner(cluster.Plan.Alone));
        Cluster = new ClusterView(cluster, this);
        Transactions = cluster.Defect.Transactions(this, new ProcessScheduler(cluster.World, this));
    }

    public Machine Machine { get; }

    /// <summary>The number of the machine and of the lifetime, for example <c>p1.2</c>.</summary>
    public string Name { get; }

    public long Owner { get; }

    public World World => _cluster.World;

    public TimeProvider Clock { get; }

    public ITransactionStore Store { get; }

    public IReadOnlyList<ITransactionStore> Shards { get; }

    public RunnerServices Services { get; }

    public ClusterView Cluster { get; }

    /// <summary>The production code under test.</summary>
    public Transactions Transactions { get; }

    public bool IsAlive { get; private set; } = true;

    public bool IsPaused { get; private set; }

    /// <summary>True after it was declared dead, even if it still runs.</summary>
    public bool IsDeclaredDead { get; private set; }

    /// <summary>True while it stops gracefully; it is no member any more.</summary>
    public bool IsLeaving { get; private set; }

    public Turns NewTurns(bool grain = false)
    {
        var turns = new Turns(World, grain);
        if (!IsAlive)
        {
            turns.Drop();
        }
        else if (IsPaused)
        {
            turns.Hold();
        }

        _turns.Add(turns);
        return turns;
    }

    /// <summary>Runs an action now, or at the end of a pause; never if the process dies first.</summary>
    public void WhenAwake(Action action)
    {
        if (IsPaused)
        {
            _later.Add(action);
        }
        else if (IsAlive)
        {
            action();
        }
    }

    /// <summary>Runs an action when the process is declared dead and others stop waiting for it.</summary>
    public void WhenDeclaredDead(Action action)
    {
        if (IsDeclaredDead)
        {
            action();
        }
        else
        {
            _whenDeclared.Add(action);
        }
    }

    /// <summary>Marks a step at which a planned death may happen.</summary>
    public void Step(FaultKind step)
    {
        if (IsAlive && Machine.Meets(step))
        {
            World.History.Add(null, new Struck(step.ToString(), Name));
            _cluster.Kill(this);
        }
    }

    public void Die()
    {
        IsAlive = false;
        IsPaused = false;
        _turns.ForEach(static t => t.Drop());
        _later.Clear();
        foreach (var store in _stores)
        {
            store.Die();
        }
    }

    public void Pause()
    {
        IsPaused = true;
        _turns.ForEach(static t => t.Hold());
    }

    public void GoOn()
    {
        IsPaused = false;
        _turns.ForEach(static t => t.GoOn());
        var later = _later.ToArray();
        _later.Clear();
        foreach (var action in later)
        {
            WhenAwake(action);
        }
    }

    /// <summary>True after the faults have stopped.</summary>
    public bool IsCalm => _cluster.IsCalm;

    /// <summary>The number of branch calls in flight.</summary>
    public int CallsUnderWay { get; private set; }

    /// <summary>Removes the process from the cluster before it drains its requests.</summary>
    public void Leave() => IsLeaving = true;

    public void Declare()
    {
        IsDeclaredDead = true;
        _whenDeclared.ForEach(static action => action());
        _whenDeclared.Clear();
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    /// <summary>
    /// Records errors in the history. No fault of a store, service or process may cause an error line.
    /// </summary>
    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error)
        {
            World.History.Add(null, new Complaint(Name, $"{formatter(state, exception)}: {exception}"));
        }
    }

    /// <summary>Makes branch calls with the production caller's timeout.</summary>
    private sealed class Caller(Process process, Services.BranchServices services) : IBranchCaller
    {
        public async Task<CallResult> Call(BranchInvocation call)
        {
            process.CallsUnderWay++;
            try
            {
                return await Make(call);
            }
            finally
            {
                process.CallsUnderWay--;
            }
        }

        /// <summary>Services may go on with a cancelled call.</summary>
        public void Cancel(string gid)
        {
        }

        private Task<CallResult> Make(BranchInvocation call)
        {
            var answer = new TaskCompletionSource<CallResult>();
            process.Step(FaultKind.KillBeforeCall);
            if (!process.IsAlive)
            {
                return answer.Task;
            }

            services.Call(call, process, answer);
            process.Step(FaultKind.KillAfterCall);
            return answer.Task;
        }
    }
}
