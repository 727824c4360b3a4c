using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansDtm.Fuzz.Engine;

/// <summary>Runs the targets in rotation until the time is over, and collects the findings.</summary>
/// <param name="seed">The seed of all randomness.</param>
/// <param name="tell">Called to report progress.</param>
/// <param name="inputLimit">
/// The maximum duration of an input. Null (default) = 5 s, because no input may hold a thread or a connection longer.
/// </param>
public sealed class Campaign(int seed, Action<string> tell, TimeSpan? inputLimit = null)
{
    /// <summary>The maximum number of findings. Only one of each kind is kept.</summary>
    private const int KindsMax = 100;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(30);

    private readonly TimeSpan _inputLimit = inputLimit ?? TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, long> _counts = [];
    private readonly Dictionary<string, TimeSpan> _slowest = [];
    private readonly HashSet<string> _kinds = [];

    public List<Finding> Findings { get; } = [];

    public long Count => _counts.Values.Sum();

    public async Task Run(IReadOnlyList<Target> targets, TimeSpan time, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var next = Pace;

        // Each target has its own random stream, so its inputs do not depend on the progress of others.
        var mutators = targets.ToDictionary(static t => t, t => new Mutator(new Random(seed ^ StableHash(t.Name))));
        while (clock.Elapsed < time)
        {
            foreach (var target in targets)
            {
                await Run(target, mutators[target], Turn * target.Weight, cancel);
            }

            if (clock.Elapsed > next)
            {
                next += Pace;
                tell(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{clock.Elapsed.TotalSeconds:F0} s: {Count:N0} inputs, {Findings.Count} findings"));
            }
        }
    }

    /// <summary>Runs a fixed number of inputs for each target, so that a run is reproducible.</summary>
    public async Task Run(IReadOnlyList<Target> targets, int inputs, CancellationToken cancel)
    {
        foreach (var target in targets)
        {
            var mutator = new Mutator(new Random(seed ^ StableHash(target.Name)));
            for (var i = 0; i < inputs * target.Weight; i++)
            {
                await Try(target, mutator.Next(target.Seeds), cancel);
            }
        }
    }

    public IEnumerable<string> Report()
    {
        foreach (var (name, count) in _counts.OrderBy(static c => c.Key, StringComparer.Ordinal))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-16} {count,12:N0} inputs, the slowest {_slowest[name].TotalMilliseconds:F0} ms");
        }

        yield return string.Create(
            CultureInfo.InvariantCulture, $"seed {seed}: {Count:N0} inputs, {Findings.Count} findings");
        foreach (var finding in Findings)
        {
            yield return $"{finding.Target}: {finding.What}\n  base64 {Convert.ToBase64String(finding.Input)}\n  "
                + $"{Printable(finding.Input)}";
        }
    }

    private async Task Run(Target target, Mutator mutator, TimeSpan turn, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < turn)
        {
            await Try(target, mutator.Next(target.Seeds), cancel);
        }
    }

    private async Task Try(Target target, byte[] input, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        string? problem;
        try
        {
            problem = await Task.Run(() => target.Try(input, cancel), cancel).WaitAsync(_inputLimit, cancel);
        }
        catch (TimeoutException)
        {
            problem = $"no end after {_inputLimit.TotalSeconds} s";
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            problem = $"{e.GetType().Name}: {e.Message}\n{string.Join('\n', (e.StackTrace ?? "").Split('\n').Take(8))}";
        }

        _counts[target.Name] = _counts.GetValueOrDefault(target.Name) + 1;
        _slowest[target.Name] = clock.Elapsed > _slowest.GetValueOrDefault(target.Name)
            ? clock.Elapsed
            : _slowest.GetValueOrDefault(target.Name);
        if (problem is not null && _kinds.Count < KindsMax && _kinds.Add($"{target.Name} {Kind(problem)}"))
        {
            Findings.Add(new Finding(target.Name, problem, input));
        }
    }

    /// <summary>Returns the first words and the first stack frame of a problem.</summary>
    private static string Kind(string problem)
    {
        var lines = problem.Split('\n');
        return $"{lines[0].Split(':')[0]} {(lines.Length > 1 ? lines[1] : "")}";
    }

    private static int StableHash(string text) => text.Aggregate(17, static (hash, c) => unchecked((hash * 31) + c));

    private static string Printable(byte[] input) =>
        string.Concat(Encoding.UTF8.GetString(input).Take(300).Select(static c => char.IsControl(c) ? '.' : c));
}
