using OrleansDtm.Faults.Services;
using OrleansDtm.Simulation.Services;

namespace OrleansDtm.Faults.Load;

/// <summary>
/// A transaction that is going on, or was: what its submitter and its branch services know. Thread-safe where they
/// share it.
/// </summary>
internal sealed class Affair(TransactionPlan plan)
{
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Ledger _ledger = new();

    public TransactionPlan Plan => plan;

    public LocalTransaction Local { get; } = new();

    /// <summary>Goes on with a workflow, in whatever instance; true = it has come to its end.</summary>
    public Func<Task<bool>> Resume { get; set; } = static () => Task.FromResult(false);

    /// <summary>What becomes of the next call of this name. What was done before is not refused.</summary>
    public Fate Next(string name)
    {
        lock (_lock)
        {
            var nth = _calls[name] = _calls.GetValueOrDefault(name) + 1;
            var fate = plan.Fates.TryGetValue(name, out var fates) && nth <= fates.Length ? fates[nth - 1] : Fate.Fine;
            return fate is Fate.Refused or Fate.RefusedInBody && name != "q" && _ledger.Has(Branch(name), name[0])
                ? Fate.Fine
                : fate;
        }
    }

    /// <summary>A call takes effect, or the barrier keeps it from that.</summary>
    public string Do(string name)
    {
        lock (_lock)
        {
            return _ledger.Do(Branch(name), name[0]);
        }
    }

    /// <summary>What is left of a branch.</summary>
    public int Balance(int branch)
    {
        lock (_lock)
        {
            return _ledger.Balance(branch);
        }
    }

    private static int Branch(string name) =>
        int.Parse(name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
}
