using OrleansDtm.Faults.Services;
using OrleansDtm.Simulation.Services;

namespace OrleansDtm.Faults.Load;

/// <summary>The state of a transaction that its submitter and its branch services share. Thread-safe.</summary>
internal sealed class Affair(TransactionPlan plan)
{
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Ledger _ledger = new();

    public TransactionPlan Plan => plan;

    public LocalTransaction Local { get; } = new();

    /// <summary>Resumes a workflow; returns true if it has ended.</summary>
    public Func<Task<bool>> Resume { get; set; } = static () => Task.FromResult(false);

    /// <summary>
    /// Returns the fate of the next call of this name. A call that has already taken effect is not rejected.
    /// </summary>
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

    /// <summary>Applies the effect of a call, unless the barrier prevents it.</summary>
    public string Do(string name)
    {
        lock (_lock)
        {
            return _ledger.Do(Branch(name), name[0]);
        }
    }

    /// <summary>Returns the balance of a branch.</summary>
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
