using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.Simulation.Plans;

/// <summary>Draws a plan from a seed.</summary>
internal sealed class PlanGenerator
{
    private static readonly Fate[] Fates = [.. Enum.GetValues<Fate>().Where(static f => f != Fate.Fine)];

    private static readonly FaultKind[] CommitFaults =
    [
        FaultKind.CommitLostBefore, FaultKind.CommitDeadlock, FaultKind.CommitLostBeforeLate,
        FaultKind.CommitAnswerLost, FaultKind.CommitAnswerLostLate, FaultKind.CommitSlowAnswer, FaultKind.CommitSlow,
        FaultKind.CommitAfterLoss, FaultKind.CommitRefused,
    ];

    private static readonly FaultKind[] DatabaseFaults =
        [FaultKind.ReadsFail, FaultKind.ReadOnly, FaultKind.Restart, FaultKind.SlowDatabase];

    private static readonly FaultKind[] ProcessFaults =
    [
        FaultKind.KillNow, FaultKind.KillBeforeCommit, FaultKind.KillAfterCommit, FaultKind.KillBeforeCall,
        FaultKind.KillAfterCall, FaultKind.KillAtAnswer, FaultKind.KillAtReply, FaultKind.KillAtLoad,
        FaultKind.KillAtSweep, FaultKind.Pause, FaultKind.ClockSet,
        // Last: not drawn for a single process.
        FaultKind.MembersUnseen, FaultKind.MembersUnseen, FaultKind.MembersUnseen,
    ];

    /// <summary>The timeout of a graceful stop: long enough for any call that a request waits for.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly Random _random;

    /// <summary>
    /// The source for parts that were added later, so that existing seeds keep the rest of their plan.
    /// </summary>
    private readonly Random _later;

    /// <summary>The source for policies and give_up_after, which were added after that.</summary>
    private readonly Random _latest;

    /// <summary>The source for results, which were added last.</summary>
    private readonly Random _results;
    private readonly TimeSpan _calm;
    private readonly double _wickedness;

    private PlanGenerator(int seed)
    {
        // A different sequence from the run's, so that the run's draws do not depend on the plan.
        _random = new Random(unchecked((seed * 397) ^ 0x5eed));
        _later = new Random(unchecked((seed * 7919) ^ 0x717));
        _latest = new Random(unchecked((seed * 104729) ^ 0x9019));
        _results = new Random(unchecked((seed * 15485863) ^ 0x4e5));
        _calm = TimeSpan.FromSeconds(_random.Next(15, 60));
        _wickedness = _random.Next(4) switch
        {
            0 => 0,
            1 => 0.15,
            2 => 0.4,
            _ => 0.75,
        };
    }

    public static Plan Of(int seed) => new PlanGenerator(seed).Generate(seed);

    private Plan Generate(int seed)
    {
        var processes = Chance(0.35) ? 1 : _random.Next(2, 4);
        var shards = Chance(0.3) ? 2 : 1;
        var plan = new Plan
        {
            Seed = seed,
            Processes = processes,
            Shards = shards,
            KeepAlive = TimeSpan.FromSeconds(_random.Next(3) * 15),
            BatchMax = Chance(0.3) ? _random.Next(1, 3) : 64,
            SweepPageSize = Chance(0.3) ? 2 : 100,
            SweepConcurrency = Chance(0.3) ? 1 : 16,
            EverybodySweeps = Chance(0.2),
            Skews = [.. Enumerable.Range(0, processes).Select(_ => TimeSpan.FromMilliseconds(_random.Next(-200, 201)))],
            Transactions =
            [
                .. Enumerable.Range(1, Chance(0.1) ? _random.Next(7, 15) : _random.Next(1, 7)).Select(Transaction),
            ],
            Faults = [.. Faults(processes, shards).OrderBy(static f => f.At)],
            Calm = _calm,
        };
        if (_later.Next(6) == 0)
        {
            plan = plan with { Faults = [] }; // Only graceful stops are added.
        }

        plan = plan with { Faults = [.. plan.Faults.Concat(Stops(plan)).OrderBy(static f => f.At)] };
        return _later.Next(5) == 0 ? WithOrphan(plan) : plan;
    }

    /// <summary>
    /// Adds a process that dies while an action is in flight; the next process repeats the action, which fails at once.
    /// </summary>
    private Plan WithOrphan(Plan plan)
    {
        var saga = plan.Transactions.FirstOrDefault(static t => t is { Type: TransactionType.Saga, RetryLimit: 0 });
        if (saga is null)
        {
            return plan;
        }

        var other = saga with
        {
            NoCompensation = [],
            Policies = ImmutableDictionary<string, PolicyPlan>.Empty,
            RequestTimeout = 5,
            Fates =
            [
                new CallFate("a0", 1, Fate.Slow, TimeSpan.FromMilliseconds(_later.Next(1000, 4500))),
                new CallFate("a0", 2, Fate.Refused, TimeSpan.Zero),
                .. saga.Fates,
            ],
        };
        var kills = Enumerable.Range(0, plan.Processes).Select(
            i => new FaultPlan(saga.Start, FaultKind.KillAfterCall, i, TimeSpan.FromMilliseconds(500)));
        return plan with
        {
            Transactions = [.. plan.Transactions.Select(t => t == saga ? other : t)],
            Faults = [.. plan.Faults.Concat(kills).OrderBy(static f => f.At)],
        };
    }

    /// <summary>Returns graceful stops, one process at a time.</summary>
    private IEnumerable<FaultPlan> Stops(Plan plan)
    {
        if (_later.Next(4) > (plan.Faults.IsEmpty ? 2 : 0))
        {
            yield break;
        }

        // Shortly after the start of a transaction.
        var at =
            plan.Transactions[_later.Next(plan.Transactions.Length)].Start.TotalMilliseconds + _later.Next(0, 1000);
        var process = _later.Next(plan.Processes);
        for (var i = _later.Next(1, 4); i > 0 && at < _calm.TotalMilliseconds * 0.9; i--)
        {
            yield return new FaultPlan(
                TimeSpan.FromMilliseconds(at), FaultKind.Stop, process++ % plan.Processes, StopPatience);
            at += StopPatience.TotalMilliseconds + _later.Next(5000, 15_000); // The next stop comes after this restart.
        }
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private TimeSpan Milliseconds(int from, int to) => TimeSpan.FromMilliseconds(_random.Next(from, to));

    private TransactionPlan Transaction(int number)
    {
        var type = (TransactionType)_random.Next((int)TransactionType.Saga, (int)TransactionType.Workflow + 1);
        var steps = Chance(0.1) ? _random.Next(5, 9) : _random.Next(1, 5);
        var concurrent = type is TransactionType.Saga or TransactionType.Msg && Chance(0.4);
        var plan = new TransactionPlan
        {
            Gid = string.Create(CultureInfo.InvariantCulture, $"g{number}"),
            Type = type,
            Start = Chance(0.3) ? TimeSpan.Zero : Milliseconds(0, (int)(_calm.TotalMilliseconds * 0.7)),
            Steps = steps,
            Protocol = Chance(0.3) ? "grpc" : "http",
            Concurrent = concurrent,
            Orders = type == TransactionType.Saga && concurrent
                ? Orders(steps)
                : ImmutableDictionary<int, ImmutableArray<int>>.Empty,
            NoCompensation = type == TransactionType.Saga
                ? [.. Enumerable.Range(0, steps).Where(_ => Chance(0.1))]
                : [],
            TimeoutToFail = type switch
            {
                TransactionType.Workflow => 0,
                TransactionType.Saga => Chance(0.4) ? _random.Next(1, 30) : 0,
                _ => Chance(0.8) ? _random.Next(1, 25) : 0,
            },
            RetryInterval = _random.Next(4),
            RequestTimeout = Chance(0.5) ? 0 : _random.Next(1, 5),
            RetryLimit = type == TransactionType.Saga && Chance(0.3) ? _random.Next(1, 4) : 0,
            Delay = type == TransactionType.Msg && Chance(0.2) ? _random.Next(1, 20) : 0,
            WaitResult = type is TransactionType.Saga or TransactionType.Msg && Chance(0.4),
            Notice = Chance(0.15),
            Prepares = type != TransactionType.Msg || Chance(0.75),
            Thinks = Chance(0.2) ? Milliseconds(1000, 12_000) : Milliseconds(0, 300),
        };
        plan = plan with
        {
            MeansIt = !plan.Prepares || Chance(0.7),
            SubmitterDiesAt = plan.Prepares && Chance(0.2) ? _random.Next(1, steps + 3) : 0,
        };
        return WithResults(
            WithPolicies(AtSubmit(plan with { Fates = [.. FatesOf(plan)], Extras = [.. Extras(plan)] })));
    }

    /// <summary>Lets payloads have what other actions answered.</summary>
    private TransactionPlan WithResults(TransactionPlan plan)
    {
        if (plan.Type is not (TransactionType.Saga or TransactionType.Msg) || _results.Next(3) > 0)
        {
            return plan;
        }

        var uses = ImmutableDictionary.CreateBuilder<string, ImmutableArray<int>>();
        string? lacks = null;
        for (var step = 0; step < plan.Steps; step++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"a{step}");
            var before = plan.Type == TransactionType.Saga && plan.Concurrent
                ? plan.Orders.GetValueOrDefault(step, [])
                : plan.Concurrent ? [] : [.. Enumerable.Range(0, step)];
            var used = before.Where(_ => _results.Next(2) == 0).ToImmutableArray();
            if (used.Length > 0)
            {
                uses[name] = used;
                lacks = plan.Type == TransactionType.Saga && _results.Next(15) == 0 ? name : lacks;
            }

            if (plan.Type == TransactionType.Saga && _results.Next(2) == 0)
            {
                uses[string.Create(CultureInfo.InvariantCulture, $"c{step}")] = [step, .. used];
            }
        }

        return plan with { Results = true, Uses = uses.ToImmutable(), Lacks = lacks };
    }

    /// <summary>Lets steps have their own policies, and calls be put aside.</summary>
    private TransactionPlan WithPolicies(TransactionPlan plan)
    {
        if (_latest.Next(4) == 0)
        {
            plan = plan with { GiveUpAfter = _latest.Next(1, 4) };
        }

        if (_latest.Next(8) == 0)
        {
            plan = plan with { GiveUpAfterSeconds = _latest.Next(2, 20) };
        }

        if (plan.Type is not (TransactionType.Saga or TransactionType.Msg) || _latest.Next(3) > 0)
        {
            return plan;
        }

        var names = plan.Type == TransactionType.Saga
            ? Names("a", plan.Steps).Concat(Names("c", plan.Steps))
            : Names("a", plan.Steps);
        return plan with
        {
            Policies = names.Where(_ => _latest.Next(2) == 0).ToImmutableDictionary(
                static name => name, name => Policy(plan.Type == TransactionType.Saga && name[0] == 'a')),
        };
    }

    private PolicyPlan Policy(bool canFail)
    {
        int Or0(int chance, int from, int to) => _latest.Next(chance) == 0 ? _latest.Next(from, to) : 0;
        return new PolicyPlan(
            canFail && _latest.Next(3) == 0 ? _latest.Next(0, 4) : null,
            Or0(2, 1, 5),
            _latest.Next(3) == 0,
            Or0(3, 2, 15),
            Or0(2, 1, 6),
            canFail ? Or0(3, 2, 20) : 0,
            canFail ? 0 : Or0(2, 1, 4),
            canFail ? 0 : Or0(4, 2, 20));
    }

    private TransactionPlan AtSubmit(TransactionPlan plan)
    {
        if (plan.Type is TransactionType.Saga or TransactionType.Workflow || !plan.Prepares)
        {
            return plan;
        }

        return plan with
        {
            WaitResult = plan.WaitResult || _later.Next(4) == 0,
            AtSubmit = _later.Next(3) == 0
                ? new SubmitPlan(
                    _later.Next(1, 5), _later.Next(1, 5), plan.Type == TransactionType.Msg ? _later.Next(1, 15) : 0)
                : null,
        };
    }

    private ImmutableDictionary<int, ImmutableArray<int>> Orders(int steps)
    {
        // Any order without cycles: each step may wait for steps before it in a random permutation.
        var permutation = Enumerable.Range(0, steps).ToArray();
        _random.Shuffle(permutation);
        return Enumerable.Range(1, Math.Max(0, steps - 1))
            .Where(_ => Chance(0.6))
            .ToImmutableDictionary(
                i => permutation[i], i => permutation[..i].Where(_ => Chance(0.5)).ToImmutableArray());
    }

    private IEnumerable<CallFate> FatesOf(TransactionPlan plan)
    {
        var names = plan.Type switch
        {
            TransactionType.Saga => Names("a", plan.Steps).Concat(Names("c", plan.Steps)),
            TransactionType.Msg => Names("a", plan.Steps).Append("q"),
            TransactionType.Workflow => ["q"],
            _ => Names("t", plan.Steps).Concat(Names("f", plan.Steps)).Concat(Names("b", plan.Steps)),
        };
        if (plan.Type == TransactionType.Saga && Chance(0.3))
        {
            yield return new CallFate(
                string.Create(CultureInfo.InvariantCulture, $"a{_random.Next(plan.Steps)}"),
                1,
                Fate.Refused,
                TimeSpan.Zero);
        }

        foreach (var name in names.Append("n"))
        {
            for (var nth = 1; nth <= 5; nth++)
            {
                if (!Chance(name[0] == 't' ? _wickedness / 4 : _wickedness))
                {
                    continue;
                }

                var kind = Fates[_random.Next(Fates.Length)];
                if (kind is Fate.Refused or Fate.RefusedInBody && name == "q" && plan.Type == TransactionType.Msg)
                {
                    continue; // A FAILURE for a committed local transaction would be a bug of the service.
                }

                yield return new CallFate(
                    name, nth, kind, kind == Fate.Slow ? Milliseconds(100, 2500) : Milliseconds(1000, 30_000));
            }
        }
    }

    private static IEnumerable<string> Names(string letter, int steps) =>
        Enumerable.Range(0, steps).Select(i => string.Create(CultureInfo.InvariantCulture, $"{letter}{i}"));

    private IEnumerable<Extra> Extras(TransactionPlan plan)
    {
        var register = string.Create(CultureInfo.InvariantCulture, $"reg{_random.Next(plan.Steps)}");
        string[] words = plan.Type switch
        {
            TransactionType.Saga => ["submit", "submit", "submit", "abort"],
            TransactionType.Msg => plan.Prepares ? ["prepare", "submit", "submit", "abort"] : ["submit"],
            TransactionType.Workflow => ["prepare", register, register, "succeed", "fail"],
            _ => ["prepare", register, register, register, register + "!", "submit", "abort"],
        };
        while (Chance(0.5))
        {
            var word = Chance(0.03)
                ? "stop"
                : Chance(0.1)
                ? "retry"
                : Chance(0.1)
                ? "wait"
                : words[_random.Next(words.Length)];
            yield return new Extra(Chance(0.5) ? Milliseconds(0, 50) : Milliseconds(0, 20_000), word);
        }
    }

    private IEnumerable<FaultPlan> Faults(int processes, int shards)
    {
        var count = _random.Next(20) switch
        {
            < 4 => 0,
            < 14 => _random.Next(1, 7),
            < 18 => _random.Next(7, 20),
            _ => _random.Next(20, 80), // Many faults.
        };
        for (var i = 0; i < count; i++)
        {
            var at = Milliseconds(0, (int)(_calm.TotalMilliseconds * 0.9));
            var length = Milliseconds(500, 20_000);
            yield return _random.Next(20) switch
            {
                < 7 => new FaultPlan(at, CommitFaults[_random.Next(CommitFaults.Length)], _random.Next(shards), length),
                < 9 => new FaultPlan(
                    at, DatabaseFaults[_random.Next(DatabaseFaults.Length)], _random.Next(shards), length),
                9 => Chance(0.3)
                    ? new FaultPlan(at, FaultKind.ClockJump, _random.Next(processes), length)
                    : new FaultPlan(at, Chance(0.5) ? FaultKind.ServicesHang : FaultKind.ServicesFail, 0, length),
                _ => new FaultPlan(
                    at,
                    ProcessFaults[_random.Next(ProcessFaults.Length - (processes == 1 ? 3 : 0))],
                    _random.Next(processes),
                    length),
            };
        }
    }
}
