using OrleansDtm.Abstractions;

namespace OrleansDtm.Grains.Transaction;

/// <summary>Transactions, wherever they live.</summary>
public sealed class TransactionReferences
{
    private readonly LiveTransactions _live;
    private readonly GrainReferences _grains;

    internal TransactionReferences(LiveTransactions live, GrainReferences grains) => (_live, _grains) = (live, grains);

    /// <summary>The transaction with this gid: itself if it lives in this silo, else its grain.</summary>
    public ITransactionGrain Of(string gid) => _live.IsHere(gid) ? new LocalTransaction(gid, _live) : _grains.Transaction(gid);
}
