using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Simulation.Services;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>A broken invariant.</summary>
/// <param name="Check">The checker's name, which starts with the invariant's number.</param>
/// <param name="Gid">The transaction; null = no single transaction.</param>
/// <param name="What">A description of the violation.</param>
internal sealed record Violation(string Check, string? Gid, string What);

/// <summary>
/// Checks one invariant over the history of one transaction. Uses the plan and the history, never the code under test.
/// </summary>
internal abstract class Check
{
    /// <summary>The invariant's number and name.</summary>
    public abstract string Name { get; }

    public abstract IEnumerable<string> Judge(Case seen);
}

/// <summary>The history of one transaction.</summary>
internal sealed class Case
{
    public Case(Plan plan, TransactionPlan transaction, IReadOnlyList<Happening> all, Ledger ledger, bool ended)
    {
        (Plan, Transaction, All, Ledger, Ended) = (plan, transaction, all, ledger, ended);
        Mine = [.. all.Where(h => h.Gid == transaction.Gid)];
        Rows = [.. Mine.OfType<Stored>()];
        Calls = [.. Mine.OfType<Called>()];
        Answers = [.. Mine.OfType<Answered>()];
        Ends = Mine.OfType<CallEnded>().ToDictionary(static e => e.Call);
    }

    public Plan Plan { get; }

    public TransactionPlan Transaction { get; }

    /// <summary>The history of all transactions and machines.</summary>
    public IReadOnlyList<Happening> All { get; }

    public IReadOnlyList<Happening> Mine { get; }

    public Ledger Ledger { get; }

    /// <summary>True if the run ended in time and no message or call is in flight.</summary>
    public bool Ended { get; }

    /// <summary>All versions of the row.</summary>
    public IReadOnlyList<Stored> Rows { get; }

    public Stored? Last => Rows.Count > 0 ? Rows[^1] : null;

    public IReadOnlyList<Called> Calls { get; }

    public IReadOnlyDictionary<int, CallEnded> Ends { get; }

    public IReadOnlyList<Answered> Answers { get; }

    /// <summary>Returns the durable row just before a place in the history; null = none.</summary>
    public Stored? Before(Happening happening)
    {
        Stored? last = null;
        foreach (var row in Rows)
        {
            if (row.Place > happening.Place)
            {
                break;
            }

            last = row;
        }

        return last;
    }

    public bool WasStopped =>
        Answers.Any(static a => a is { Word: "stop", Reply.Kind: Abstractions.ReplyKind.Ok }) || WasAsked("stop");

    public bool WasAsked(string word) => Mine.OfType<Asked>().Any(a => a.Word == word);

    /// <summary>Returns the index of a named call among the row's branches; -1 the callback, -2 the notice.</summary>
    public int Index(string name) => name[0] switch
    {
        'q' => -1,
        'n' => -2,
        'a' when Transaction.Type == Core.TransactionType.Msg => Number(name),
        'a' => (2 * Number(name)) + 1,
        'c' => 2 * Number(name),
        _ => -3,
    };

    public static int Number(string name) =>
        int.Parse(name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>
    /// Returns the call in a row; null = the row has no such call. Registered branches are found by their id.
    /// </summary>
    public Core.BranchOp? In(Core.Transaction state, string name)
    {
        if (name[0] is 'f' or 'b')
        {
            var suffix = "/" + name;
            return state.Branches.FirstOrDefault(b => b.Definition.Url.EndsWith(suffix, StringComparison.Ordinal));
        }

        var index = Index(name);
        return index switch
        {
            -1 => state.Query,
            -2 => state.Notice,
            < 0 => null,
            _ => index < state.Branches.Length ? state.Branches[index] : null,
        };
    }
}
