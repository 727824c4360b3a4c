namespace OrleansDtm.Simulation.Services;

/// <summary>
/// The business side of one transaction: accounts behind DTM's barrier. One row for each (branch, op) decides whether a call takes
/// effect; a call back whose origin never came writes the origin's row, so that it cannot come later.
/// </summary>
internal sealed class Ledger
{
    private readonly Dictionary<(int Branch, char Op), char> _rows = [];
    private readonly Dictionary<int, int> _balances = [];

    /// <summary>What is left of each branch: 0 or 1 if all is well.</summary>
    public int Balance(int branch) => _balances.GetValueOrDefault(branch);

    public bool Has(int branch, char op) => _rows.ContainsKey((branch, op));

    /// <summary>A call takes effect, or the barrier keeps it from that.</summary>
    /// <param name="branch">From 0.</param>
    /// <param name="op">a, c, t, f, b as in a plan.</param>
    /// <returns>What was done, in words.</returns>
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
            return "did it before";
        }

        if (isNull)
        {
            return "nothing to take back";
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
