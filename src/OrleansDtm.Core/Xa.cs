namespace OrleansDtm.Core;

/// <summary>Prepared in each database by the SDK, then commit or roll back each branch, the first registered first.</summary>
internal sealed class Xa : TwoPhase
{
    public override TransactionType Type => TransactionType.Xa;

    protected override IEnumerable<int> Order(int branches) => Enumerable.Range(0, branches);
}
