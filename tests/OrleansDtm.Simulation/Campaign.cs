using OrleansDtm.Simulation.Defects;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation;

/// <summary>Runs many seeds and counts what happened in them.</summary>
internal sealed class Campaign
{
    private readonly SortedDictionary<string, long> _faults = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _fates = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _types = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _seen = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _ends = new(StringComparer.Ordinal);

    public int Runs { get; private set; }

    public TimeSpan VirtualTime { get; private set; }

    public long Steps { get; private set; }

    public long Happenings { get; private set; }

    /// <summary>The number of runs that broke an invariant.</summary>
    public int Broken { get; private set; }

    /// <summary>Returns the first run that breaks an invariant; null = all invariants hold.</summary>
    /// <param name="tell">Called for each failing run, and the search continues; null = it stops at the first.</param>
    /// <param name="check">Counts only violations of this checker, by the start of its name; null = any.</param>
    public Run? Search(int firstSeed, int runs, Func<Defect> defect, Action<Run>? tell = null, string? check = null)
    {
        Run? first = null;
        for (var seed = firstSeed; seed < firstSeed + runs; seed++)
        {
            var run = Simulator.Play(PlanGenerator.Of(seed), defect());
            Count(run);
            run = run with
            {
                Violations =
                [
                    .. run.Violations.Where(v => check is null || v.Check.StartsWith(check, StringComparison.Ordinal)),
                ],
            };
            if (run.Violation is null)
            {
                continue;
            }

            Broken++;
            first ??= run;
            if (tell is null)
            {
                break;
            }

            tell(run);
        }

        return first;
    }

    public IEnumerable<string> Report()
    {
        yield return $"{Runs} runs, {VirtualTime.TotalHours:0.0} hours of virtual time, "
            + $"{Steps} turns, {Happenings} happenings";
        yield return "transactions: " + Text(_types);
        yield return "ended:        " + Text(_ends);
        yield return "faults:       " + Text(_faults);
        yield return "calls met:    " + Text(_fates);
        yield return "seen:         " + Text(_seen);
    }

    private static string Text(SortedDictionary<string, long> counts) =>
        string.Join(", ", counts.Select(static c => $"{c.Key} {c.Value}"));

    private void Count(Run run)
    {
        Runs++;
        VirtualTime += run.Took;
        Steps += run.Steps;
        Happenings += run.History.Count;
        foreach (var transaction in run.Plan.Transactions)
        {
            Add(_types, transaction.Type.ToString(), 1);
        }

        foreach (var end in run.History.OfType<Stored>().Where(static s => s.State.IsFinal).GroupBy(static s => s.Gid))
        {
            Add(_ends, end.First().State.Status.ToString(), 1);
        }

        foreach (var struck in run.History.OfType<Struck>())
        {
            Add(_faults, struck.Kind, 1);
        }

        foreach (var happening in run.History)
        {
            Add(_seen, happening is MachineNews news ? "process " + news.What : happening.GetType().Name, 1);
        }

        foreach (var (fate, count) in run.Met)
        {
            Add(_fates, fate.ToString(), count);
        }
    }

    private static void Add(SortedDictionary<string, long> counts, string key, long count) =>
        counts[key] = counts.GetValueOrDefault(key) + count;
}
