using System.Globalization;

namespace OrleansDtm.Faults.Load;

/// <summary>
/// Draws transactions from a seed. The same seed draws the same ones; their timing depends on the machine.
/// </summary>
internal sealed class PlanGenerator(int seed, int client)
{
    private static readonly (string Type, int Weight)[] Types =
    [
        ("saga", 40),
        ("tcc", 16),
        ("xa", 8),
        ("msg", 24),
        ("workflow", 12),
    ];

    private static readonly Fate[] Troubles =
    [
        Fate.Slow, Fate.LateAnswer, Fate.LateArrival, Fate.Twice, Fate.Error, Fate.DoneButError, Fate.Ongoing,
        Fate.Hangs, Fate.Reset, Fate.LostAnswer,
    ];

    private readonly Random _random = new(HashCode.Combine(seed, client));
    private int _count;

    /// <summary>Draws the pause before the next transaction.</summary>
    public TimeSpan Pause(TimeSpan mean) => mean * (2 * _random.NextDouble());

    public TransactionPlan Next()
    {
        var type = Type();
        var steps = 1 + _random.Next(4);
        var grpc = Chance(0.4);
        var saga = type == "saga";
        var msg = type == "msg";
        var concurrent = (saga || (msg && !grpc)) && Chance(0.35);
        var prepares = type is "tcc" or "xa" or "workflow" || (msg && Chance(0.7));
        return new TransactionPlan
        {
            Gid = string.Create(CultureInfo.InvariantCulture, $"f{seed}-{client}-{++_count}"),
            Type = type,
            Protocol = grpc ? "grpc" : "http",
            Steps = steps,
            Concurrent = concurrent,
            Orders = saga && concurrent ? Orders(steps) : new Dictionary<int, int[]>(),
            Wait = Chance(0.4),
            TimeoutToFail = saga ? (Chance(0.15) ? 4 + _random.Next(8) : 0) : Chance(0.3) ? 5 + _random.Next(8) : 0,
            RetryInterval = 1 + _random.Next(2),
            RequestTimeout = 1 + _random.Next(2),
            RetryLimit = saga && Chance(0.15) ? 1 + _random.Next(3) : 0,
            Delay = msg && Chance(0.25) ? 1 + _random.Next(6) : 0,
            Prepares = prepares,
            MeansIt = !prepares || Chance(0.8),
            DiesAt = prepares && Chance(0.12) ? 2 + _random.Next(steps + 2) : 0,
            PayloadBytes = Chance(0.05) ? 20_000 : 20 + _random.Next(200),
            Fates = Chance(0.55) ? Fates(type, steps) : new Dictionary<string, Fate[]>(),
            Extras = Chance(0.3) ? Extras(type, steps) : [],
        };
    }

    private string Type()
    {
        var drawn = _random.Next(Types.Sum(static t => t.Weight));
        foreach (var (type, weight) in Types)
        {
            drawn -= weight;
            if (drawn < 0)
            {
                return type;
            }
        }

        return Types[0].Type;
    }

    /// <summary>Draws predecessors for some of the steps.</summary>
    private Dictionary<int, int[]> Orders(int steps)
    {
        var orders = new Dictionary<int, int[]>();
        for (var step = 1; step < steps; step++)
        {
            var before = Enumerable.Range(0, step).Where(_ => Chance(0.5)).ToArray();
            if (before.Length > 0)
            {
                orders[step] = before;
            }
        }

        return orders;
    }

    private Dictionary<string, Fate[]> Fates(string type, int steps)
    {
        var letters = type switch
        {
            "saga" => "ac",
            "msg" => "aq",
            "workflow" => "q",
            _ => "tfb",
        };
        var fates = new Dictionary<string, Fate[]>(StringComparer.Ordinal);
        var calls =
            letters.SelectMany(l => l == 'q' ? ["q"] : Enumerable.Range(0, steps).Select(i => $"{l}{i}")).ToList();
        for (var left = 1 + _random.Next(2); left > 0; left--)
        {
            fates[calls[_random.Next(calls.Count)]] =
            [
                .. Enumerable.Range(0, 1 + _random.Next(2)).Select(_ => Troubles[_random.Next(Troubles.Length)]),
            ];
        }

        if ((type is "saga" or "tcc" or "xa") && Chance(0.4))
        {
            var name = $"{letters[0]}{_random.Next(steps)}";
            fates[name] = [Chance(0.5) ? Fate.Refused : Fate.RefusedInBody];
        }

        return fates;
    }

    private List<Extra> Extras(string type, int steps)
    {
        string[] words = type switch
        {
            "saga" => ["submit", "submit", "retry"],
            "msg" => ["prepare", "submit", "abort", "retry"],
            "workflow" => ["prepare", "reg0", "succeed", "fail"],
            _ => ["prepare", "submit", "abort", "late", $"reg{_random.Next(steps)}"],
        };
        return [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => new Extra(
            words[_random.Next(words.Length)], TimeSpan.FromMilliseconds(_random.Next(2) * _random.Next(3000))))];
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;
}
