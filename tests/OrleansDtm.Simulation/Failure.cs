using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Histories;

namespace OrleansDtm.Simulation;

/// <summary>Describes a failed run: the violation, how to reproduce it, the shrunk plan and its timeline.</summary>
internal static class Failure
{
    public static IEnumerable<string> Describe(Run failed, Func<Defect> defect)
    {
        yield return $"seed {failed.Plan.Seed} breaks an invariant. {failed.Violation!.Check}: {failed.Violation.Gid}: "
            + $"{failed.Violation.What}";
        var shrunk = Shrinker.Shrink(failed, defect);
        yield return $"shrunk from {Size(failed)} to {Size(shrunk)}. {shrunk.Violation!.Check}: "
            + $"{shrunk.Violation.Gid}: {shrunk.Violation.What}";
        yield return $"machines: {shrunk.Plan.Processes}, shards: {shrunk.Plan.Shards}, keep alive: "
            + $"{shrunk.Plan.KeepAlive.TotalSeconds} s";
        foreach (var transaction in shrunk.Plan.Transactions)
        {
            yield return transaction.ToString();
            yield return "  " + string.Join(", ", transaction.Fates.Select(static f => f.ToString()));
            yield return "  " + string.Join(", ", transaction.Extras.Select(static e => e.ToString()));
        }

        foreach (var line in Timeline.Lines(shrunk.History, shrunk.Violation.Gid))
        {
            yield return line;
        }
    }

    private static string Size(Run run) =>
        $"{run.Plan.Transactions.Length} transactions, {run.Plan.Faults.Length} faults, "
        + $"{run.Plan.Transactions.Sum(static t => t.Fates.Length)} bad answers, {run.History.Count} happenings";
}
