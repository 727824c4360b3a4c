using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>One transaction, as other silos reach it; the key is its gid. Everything goes through <see cref="Transactions"/>.</summary>
[Alias("dtm.ITransactionGrain")]
internal interface ITransactionGrain : IGrainWithStringKey
{
    /// <summary>Tells it of an event; see <see cref="Transactions.Tell"/>, which keeps the time limits.</summary>
    [Alias("Tell"), ResponseTimeout("1.01:00:00")]
    Task<TransactionReply> Tell(EventMessage message);
}
