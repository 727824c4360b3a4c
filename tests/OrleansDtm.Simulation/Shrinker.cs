using System.Collections.Immutable;
using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation;

/// <summary>
/// Shrinks a failing plan as long as the same checker still finds a violation: fewer transactions, faults, bad
/// responses, repetitions and steps.
/// </summary>
internal sealed class Shrinker(Func<Defect> defect, string check)
{
    /// <summary>The maximum number of runs.</summary>
    private const int TriesMax = 400;

    private int _tries;

    public static Run Shrink(Run failed, Func<Defect> defect) =>
        new Shrinker(defect, failed.Violation!.Check).Shrink(failed);

    private Run Shrink(Run failed)
    {
        var best = failed;
        bool smaller;
        do
        {
            smaller = false;
            foreach (var candidate in Smaller(best.Plan).ToList())
            {
                if (_tries >= TriesMax)
                {
                    return best;
                }

                // The plan may have shrunk since the candidates were created: skip larger ones.
                if (Size(candidate) < Size(best.Plan) && Fails(candidate) is { } run)
                {
                    (best, smaller) = (run, true);
                    break;
                }
            }
        }
        while (smaller);
        return best;
    }

    private Run? Fails(Plan plan)
    {
        _tries++;
        var run = Simulator.Play(plan, defect());
        var violation = run.Violations.FirstOrDefault(v => v.Check == check);
        return violation is null ? null : run with { Violations = [violation] };
    }

    private static int Size(Plan plan) =>
        (20 * plan.Processes) + (10 * plan.Shards) + (3 * plan.Faults.Length) + (plan.EverybodySweeps ? 1 : 0)
        + plan.Transactions.Sum(
            static t => 30 + (5 * t.Steps) + (2 * t.Fates.Length) + (3 * t.Extras.Length) + Options(t));

    private static int Options(TransactionPlan plan) =>
        (plan.Concurrent ? 1 : 0) + plan.Orders.Count + plan.NoCompensation.Count + (plan.WaitResult ? 1 : 0)
        + (plan.Notice ? 1 : 0) + (plan.RetryLimit > 0 ? 1 : 0) + (plan.Protocol == "grpc" ? 1 : 0)
        + (plan.Start > TimeSpan.Zero ? 1 : 0);

    private static IEnumerable<Plan> Smaller(Plan plan)
    {
        // The largest reductions first.
        foreach (var transaction in plan.Transactions.Where(_ => plan.Transactions.Length > 1))
        {
            yield return plan with { Transactions = [transaction] };
        }

        yield return plan with { Faults = [] };
        foreach (var transaction in plan.Transactions.Where(_ => plan.Transactions.Length > 1))
        {
            yield return plan with { Transactions = plan.Transactions.Remove(transaction) };
        }

        foreach (var fault in plan.Faults)
        {
            yield return plan with { Faults = plan.Faults.Remove(fault) };
        }

        yield return plan with { EverybodySweeps = false };
        yield return plan with
        {
            Shards = 1,
            Faults = [.. plan.Faults.Select(static f => f.Kind < FaultKind.KillNow ? f with { Target = 0 } : f)],
        };
        if (plan.Processes > 2)
        {
            yield return plan with { Processes = 2, Faults = [.. plan.Faults.Where(static f => f.Target < 2)] };
        }

        foreach (var transaction in plan.Transactions)
        {
            foreach (var smaller in Smaller(transaction))
            {
                yield return plan with { Transactions = plan.Transactions.Replace(transaction, smaller) };
            }
        }
    }

    private static IEnumerable<TransactionPlan> Smaller(TransactionPlan plan)
    {
        yield return plan with { Fates = [], Extras = [] };
        yield return plan with { Fates = [] };
        yield return plan with { Extras = [] };
        if (plan.Steps > 1)
        {
            yield return plan with
            {
                Steps = 1,
                Orders = plan.Orders.Clear(),
                NoCompensation = plan.NoCompensation.Clear(),
            };
            var last = plan.Steps - 1;
            yield return plan with
            {
                Steps = last,
                NoCompensation = plan.NoCompensation.Remove(last),
                Orders = plan.Orders.Remove(last).ToImmutableDictionary(static o => o.Key, o => o.Value.Remove(last)),
            };
        }

        foreach (var fate in plan.Fates)
        {
            yield return plan with { Fates = plan.Fates.Remove(fate) };
        }

        foreach (var extra in plan.Extras)
        {
            yield return plan with { Extras = plan.Extras.Remove(extra) };
        }

        yield return plan with { Concurrent = false, Orders = plan.Orders.Clear() };
        yield return plan with { NoCompensation = plan.NoCompensation.Clear() };
        yield return plan with { AtSubmit = null };
        yield return plan with
        {
            WaitResult = false,
            Notice = false,
            RetryLimit = 0,
            Protocol = "http",
            Start = TimeSpan.Zero,
        };
    }
}
