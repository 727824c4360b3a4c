namespace OrleansDtm.Simulation.Services;

/// <summary>
/// The business data of one transaction: accounts behind DTM's barrier. One row for each (branch, op) decides whether a
/// call takes effect. A compensation that arrives before its action also inserts the action's row, so that a late
/// action has no effect.
/// </summary>
internal sealed class Ledger
{
    private readonly Dictionary<(int Branch, char Op), char> _rows = [];
    private readonly Dictionary<int, int> _balances = [];

    /// <summary>Returns the effects of a branch: 0 or 1 if the barrier works.</summary>
    public int Balance(int branch) => _balances.GetValueOrDefault(branch);

    public bool Has(int branch, char op) => _rows.ContainsKey((branch, op));

    /// <summary>Applies a call unless the barrier rejects it.</summary>
    /// <param name="branch">The branch, from 0.</param>
    /// <param name="op">a, c, t, f, b as in a plan.</param>
    /// <returns>A description of the effect.</returns>
    public string Do(int branch, char op)
    {
        char? origin = op switch
        {
            'c' => 'a',
            'b' => 't',
            _ => null,
        };
        var isNull = origin is { } first && _rows.TryAdd((branch, first), op);
        if (!_rows.TryAdd((branch, op), op))
        {
            return "was already done";
        }

        if (isNull)
        {
            return "has nothing to compensate";
        }

        _balances[branch] = Balance(branch) + op switch
        {
            'a' or 't' => 1,
            'c' or 'b' => -1,
            _ => 0,
        };
        return "done";
    }
}
