using System.Text.Json;
using OrleansDtm.Faults.Checkers;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;

namespace OrleansDtm.Faults;

/// <summary>The result of a run.</summary>
internal sealed class Report(
    Arguments arguments, History history, IReadOnlyDictionary<string, int> faults, IReadOnlyList<string> troubles,
    int crashes, IReadOnlyList<string> errors, IReadOnlyDictionary<string, List<double>> returns, TimeSpan settled)
{
    private const int TimelinesMax = 20;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    private readonly SortedDictionary<string, int> _judged = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SortedDictionary<string, int>> _patterns = new(StringComparer.Ordinal);
    private readonly List<(Violation Violation, IReadOnlyList<string> Timeline)> _violations = [];
    private int _calls;
    private int _requests;

    public bool IsClean => _violations.Count == 0 && troubles.Count == 0;

    public void Judge(IEnumerable<Affair> affairs)
    {
        var machines = history.Machines;
        var weather = new Weather(machines);
        foreach (var affair in affairs)
        {
            var mine = history.Of(affair.Plan.Gid);
            if (mine.Count == 0)
            {
                continue;
            }

            var seen = new Case(affair.Plan, mine, weather, affair.Balance);
            Count(seen);
            foreach (var check in AllChecks.Each.Where(c => c.Applies(seen)))
            {
                _judged[check.Name] = _judged.GetValueOrDefault(check.Name) + 1;
                foreach (var what in check.Judge(seen))
                {
                    IReadOnlyList<string> timeline = _violations.Count < TimelinesMax
                        ? [Meant(affair.Plan), .. Timeline.Lines(mine, machines)]
                        : [];
                    _violations.Add((new Violation(check.Name, affair.Plan.Gid, what), timeline));
                }
            }
        }
    }

    public void Print(TextWriter to)
    {
        foreach (var (violation, timeline) in _violations)
        {
            to.WriteLine($"VIOLATION of {violation.Check}: {violation.Gid}: {violation.What} (seed {arguments.Seed})");
            foreach (var line in timeline)
            {
                to.WriteLine("  " + line);
            }
        }

        foreach (var error in errors)
        {
            to.WriteLine($"logged by {error}");
        }

        foreach (var trouble in troubles)
        {
            to.WriteLine($"VIOLATION: {trouble}");
        }

        to.WriteLine($"{_patterns.Sum(static p => p.Value.Values.Sum())} transactions, {_requests} requests, {_calls} "
            + $"branch calls, {faults.Values.Sum()} faults");
        foreach (var (type, ends) in _patterns)
        {
            to.WriteLine($"  {type,-9} {ends.Values.Sum(),7}  "
                + $"{string.Join(", ", ends.Select(static e => $"{e.Value} {e.Key}"))}");
        }

        to.WriteLine("faults: " + string.Join(
            ", ", faults.OrderBy(static f => f.Key, StringComparer.Ordinal).Select(static f => $"{f.Value} {f.Key}")));
        foreach (var (kind, times) in returns)
        {
            to.WriteLine($"{kind}: the slower silo ended its first transaction {times.Average():0.00} s after the "
                + $"database was back in the mean, at most {times.Max():0.00} s, {times.Count} times");
        }

        to.WriteLine($"silos that exited without having been declared dead: {crashes}");
        to.WriteLine("checked transactions:");
        foreach (var (check, count) in _judged)
        {
            to.WriteLine($"  {check,-32} {count,7}");
        }

        to.WriteLine(IsClean ? "all invariants hold" : $"{_violations.Count + troubles.Count} violations");
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            seed = arguments.Seed,
            seconds = (int)history.Now.TotalSeconds,
            transactions = _patterns,
            requests = _requests,
            calls = _calls,
            faults,
            judged = _judged,
            silo_crashes = crashes,
            seconds_until_work = returns,
            errors,
            settled_seconds = Math.Round(settled.TotalSeconds, 1),
            violations = _violations.Select(static v => new
            {
                check = v.Violation.Check,
                gid = v.Violation.Gid,
                what = v.Violation.What,
                timeline = v.Timeline,
            }),
            troubles,
        },
        Readable);

    private static string Meant(TransactionPlan plan) => JsonSerializer.Serialize(plan);

    private void Count(Case seen)
    {
        _calls += seen.Calls.Count;
        _requests += seen.Asked.Count;
        if (!_patterns.TryGetValue(seen.Plan.Type, out var ends))
        {
            _patterns.Add(seen.Plan.Type, ends = new SortedDictionary<string, int>(StringComparer.Ordinal));
        }

        var end = seen.End ?? "never accepted";
        ends[end] = ends.GetValueOrDefault(end) + 1;
    }
}
