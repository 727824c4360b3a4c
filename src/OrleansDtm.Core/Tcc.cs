namespace OrleansDtm.Core;

/// <summary>Try, made by the SDK, then confirm or cancel each branch, the last registered first.</summary>
internal sealed class Tcc : TwoPhase
{
    public override TransactionType Type => TransactionType.Tcc;

    protected override IEnumerable<int> Order(int branches) => Enumerable.Range(0, branches).Reverse();
}
