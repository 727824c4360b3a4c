using OrleansDtm.Simulation.Checkers;
using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Simulation.Submitters;

namespace OrleansDtm.Simulation;

/// <summary>Executes one plan and checks its history.</summary>
internal sealed class Simulator
{
    private const long StepsMax = 3_000_000;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The maximum time after the faults stop: far more than successive backoff delays, leases and timeouts.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The maximum time a process keeps a transaction that ended elsewhere, until it reads the row again.
    /// </summary>
    private static readonly TimeSpan MemoryPatience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ClockHour = TimeSpan.FromHours(1);

    /// <summary>The maximum wait of a machine an hour behind for a time that one an hour ahead has stored.</summary>
    private static readonly TimeSpan HoursApartMax = 2 * ClockHour;

    private readonly Plan _plan;
    private readonly World _world;
    private readonly Cluster _cluster;
    private readonly List<Submitter> _submitters = [];
    private TimeSpan? _overSince;
    private bool _over;

    private Simulator(Plan plan, Defect defect)
    {
        _plan = plan;
        _world = new World(plan.Seed);
        _cluster = new Cluster(_world, plan, defect);
        var numbers = new RequestNumbers();
        foreach (var transaction in plan.Transactions)
        {
            _submitters.Add(new Submitter(_cluster, transaction, numbers));
        }

        foreach (var fault in plan.Faults)
        {
            _world.After(fault.At, () => Strike(fault));
        }

        _world.After(plan.Calm, _cluster.BecomeCalm);
        _world.After(plan.Calm, Look);
    }

    public static Run Play(Plan plan, Defect defect)
    {
        // The caller's context, such as that of a test runner, must not be used in the run.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return new Simulator(plan, defect).Play();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private Run Play()
    {
        try
        {
            _world.Run(
                () => _over, _plan.Calm + Patience + (_plan.HoursApart ? HoursApartMax : TimeSpan.Zero), StepsMax);
        }
        finally
        {
            foreach (var transaction in _plan.Transactions)
            {
                foreach (var process in Kept(transaction.Gid))
                {
                    _world.History.Add(transaction.Gid, new Kept(process.Name));
                }
            }

            foreach (var process in _cluster.Alive.ToList())
            {
                process.Die();
            }
        }

        return new Run(_plan, _world.History.All, [.. Violations()], _cluster.Services.Met, _world.Now, _world.Steps);
    }

    /// <summary>Returns the processes that have the transaction in memory.</summary>
    private IEnumerable<Process> Kept(string gid) => _cluster.Alive.Where(p => !p.Transactions.Ended(gid).IsCompleted);

    private IEnumerable<Violation> Violations()
    {
        if (_world.Escaped is { } escaped)
        {
            yield return new Violation("00 nothing escapes", null, escaped.ToString());
        }

        foreach (var complaint in _world.History.All.OfType<Complaint>())
        {
            yield return new Violation("16 no error is unexpected", complaint.Gid, complaint.Text);
        }

        foreach (var transaction in _plan.Transactions)
        {
            var seen = new Case(
                _plan, transaction, _world.History.All, _cluster.Services.Ledger(transaction.Gid), _over);
            foreach (var check in AllChecks.Each)
            {
                foreach (var what in check.Judge(seen))
                {
                    yield return new Violation(check.Name, transaction.Gid, what);
                }
            }
        }
    }

    /// <summary>Ends the run when every transaction has ended and nothing changed for a while.</summary>
    private void Look()
    {
        foreach (var submitter in _submitters.Where(static s => s.Plan.MayPark))
        {
            var parked = _cluster.Databases.Select(d => d.Row(submitter.Plan.Gid)?.Transaction)
                .FirstOrDefault(static t => t?.IsParked == true);
            if (parked is not null)
            {
                submitter.Unpark(parked);
            }
        }

        var isOver = _submitters.All(static s => s.IsQuiet)
            && _cluster.Services.UnderWay == 0
            && _plan.Transactions.All(t => _cluster.Databases.Select(d => d.Row(t.Gid)).All(
                static r => r is null or { Transaction: { IsFinal: true, Due: null } }));
        _overSince = isOver ? _overSince ?? _world.Now : null;
        _over = _world.Now - _overSince >= TimeSpan.FromSeconds(3)
            && (_world.Now - _overSince >= MemoryPatience || !_plan.Transactions.Any(t => Kept(t.Gid).Any()));
        _world.After(Glance, Look);
    }

    private void Strike(FaultPlan fault)
    {
        switch (fault.Kind)
        {
            case <= FaultKind.CommitRefused:
                _cluster.Databases[fault.Target].Arm(fault.Kind); // Happens at the next commit.
                return;
            case > FaultKind.KillNow and <= FaultKind.KillAtSweep:
                _cluster.Machines[fault.Target].DownFor = fault.Length;
                _cluster.Machines[fault.Target].Arm(fault.Kind); // Happens at the next step of this kind.
                return;
        }

        if (fault.Kind is FaultKind.ReadsFail or FaultKind.ReadOnly or FaultKind.Restart or FaultKind.SlowDatabase)
        {
            StrikeDatabase(fault);
        }
        else if (fault.Kind == FaultKind.ServicesHang)
        {
            _world.History.Add(null, new Struck(fault.Kind.ToString(), "all services"));
            _cluster.Services.HangUntil = _world.Now + fault.Length;
        }
        else if (fault.Kind == FaultKind.ServicesFail)
        {
            _world.History.Add(null, new Struck(fault.Kind.ToString(), "all services"));
            _cluster.Services.FailUntil = _world.Now + fault.Length;
        }
        else if (_cluster.Machines[fault.Target].Process is { IsAlive: true } process)
        {
            StrikeProcess(fault, process);
        }
    }

    private void StrikeDatabase(FaultPlan fault)
    {
        var database = _cluster.Databases[fault.Target];
        var back = _world.Now + fault.Length;
        _world.History.Add(null, new Struck(fault.Kind.ToString(), $"shard {fault.Target}"));
        if (fault.Kind is FaultKind.ReadsFail or FaultKind.Restart)
        {
            database.ReadsBack = back;
        }

        if (fault.Kind is FaultKind.ReadOnly or FaultKind.Restart)
        {
            database.WritesBack = back;
        }

        if (fault.Kind == FaultKind.SlowDatabase)
        {
            database.FastAgain = back;
        }
    }

    private void StrikeProcess(FaultPlan fault, Process process)
    {
        _world.History.Add(null, new Struck(fault.Kind.ToString(), process.Name));
        var machine = process.Machine;
        var hour = (long)fault.Length.TotalMilliseconds % 2 == 0 ? ClockHour : -ClockHour;
        switch (fault.Kind)
        {
            case FaultKind.KillNow:
                machine.DownFor = fault.Length;
                _cluster.Kill(process);
                break;
            case FaultKind.Pause:
                _cluster.Pause(process, fault.Length);
                break;
            case FaultKind.MembersUnseen:
                _cluster.Mislead(process);
                break;
            case FaultKind.Stop:
                machine.DownFor = TimeSpan.FromSeconds(1);
                _cluster.Stop(process, fault.Length);
                break;
            case FaultKind.ClockSet:
                machine.Wall.Offset += hour;
                break;
            case FaultKind.ClockJump:
                machine.Jump = hour;
                machine.DownFor = TimeSpan.FromSeconds(1);
                _cluster.Kill(process);
                break;
            default:
                throw new InvalidOperationException($"{fault.Kind} is unknown.");
        }
    }
}

/// <summary>The result of a plan.</summary>
/// <param name="Violations">The broken invariants.</param>
/// <param name="Met">The number of calls by fate.</param>
/// <param name="Took">The virtual time of the run.</param>
internal sealed record Run(
    Plan Plan, IReadOnlyList<Happening> History, IReadOnlyList<Violation> Violations,
    IReadOnlyDictionary<Fate, int> Met, TimeSpan Took, long Steps)
{
    /// <summary>The first violation; null = all invariants hold.</summary>
    public Violation? Violation => Violations.Count > 0 ? Violations[0] : null;
}
