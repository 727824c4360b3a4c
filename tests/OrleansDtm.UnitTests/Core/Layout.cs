using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;

namespace OrleansDtm.UnitTests.Core;

/// <summary>The calls of a pattern's branches, and their names in stories.</summary>
/// <param name="Type">The pattern.</param>
/// <param name="Calls">The calls of each branch in the order DTM lists them.</param>
/// <param name="Query">The call of branch 00; null = none.</param>
/// <param name="Registers">True if branches are registered one by one; false if they are part of the submit.</param>
/// <param name="Timeout">The default timeout in seconds.</param>
internal sealed record Layout(
    TransactionType Type,
    ImmutableArray<(char Letter, string Op)> Calls,
    (char Letter, string Op)? Query,
    bool Registers,
    string Timeout)
{
    /// <summary><c>a1</c> is the action of step 1, <c>c1</c> its compensation.</summary>
    public static Layout Saga { get; } =
        new(TransactionType.Saga, [('c', BranchOps.Compensate), ('a', BranchOps.Action)], null, false, "0");

    /// <summary><c>a1</c> is the action of step 1, <c>q0</c> the query_prepared call.</summary>
    public static Layout Msg { get; } = new(
        TransactionType.Msg, [('a', BranchOps.Action)], ('q', BranchOps.Msg), false, "35");

    /// <summary><c>f1</c> calls branch 1 forward (confirm), <c>b1</c> back (cancel).</summary>
    public static Layout Tcc { get; } =
        new(TransactionType.Tcc, [('b', BranchOps.Cancel), ('f', BranchOps.Confirm)], null, true, "35");

    /// <summary><c>f1</c> calls branch 1 forward (commit), <c>b1</c> back (rollback).</summary>
    public static Layout Xa { get; } =
        new(TransactionType.Xa, [('b', BranchOps.Rollback), ('f', BranchOps.Commit)], null, true, "35");

    /// <summary><c>w0</c> resumes the workflow. Its progress <c>p1</c> is never called.</summary>
    public static Layout Workflow { get; } = new(TransactionType.Workflow, [('p', "do")], ('w', "transfer"), true, "0");

    public static Layout Of(TransactionType type) => new[] { Saga, Msg, Tcc, Xa, Workflow }.Single(l => l.Type == type);

    public string Op(int index) => At(index).Op;

    public string Name(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{At(index).Letter}{Math.Max(0, index) / Calls.Length}");

    public int Index(string name)
    {
        var call = Calls.Select(static c => c.Letter).ToList().IndexOf(name[0]);
        return call < 0
            ? Transaction.QueryIndex
            : (Calls.Length * int.Parse(name[1..], CultureInfo.InvariantCulture)) + call;
    }

    private (char Letter, string Op) At(int index) =>
        index == Transaction.QueryIndex ? Query ?? ('?', "no callback") : Calls[index % Calls.Length];
}
