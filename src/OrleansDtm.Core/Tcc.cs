namespace OrleansDtm.Core;

/// <summary>
/// The SDK calls try. The coordinator then confirms or cancels each branch, the last registered first.
/// </summary>
internal sealed class Tcc : TwoPhase
{
    public override TransactionType Type => TransactionType.Tcc;

    protected override IEnumerable<int> Order(int branches) => Enumerable.Range(0, branches).Reverse();
}
