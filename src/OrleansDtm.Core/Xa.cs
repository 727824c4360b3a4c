namespace OrleansDtm.Core;

/// <summary>
/// The SDK prepares each branch in its database. The coordinator then commits or rolls back each branch, the first
/// registered first.
/// </summary>
internal sealed class Xa : TwoPhase
{
    public override TransactionType Type => TransactionType.Xa;

    protected override IEnumerable<int> Order(int branches) => Enumerable.Range(0, branches);
}
