using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;

namespace OrleansDtm.Grains.Running;

/// <summary>
/// Receives events of one transaction from other silos; the key is the gid. Called by <see cref="Transactions"/> only.
/// </summary>
[Alias("dtm.ITransactionGrain")]
internal interface ITransactionGrain : IGrainWithStringKey
{
    /// <summary>Applies an event; see <see cref="Transactions.Tell"/>, which applies the timeouts.</summary>
    [Alias("Tell"), ResponseTimeout("1.01:00:00")]
    Task<TransactionReply> Tell(EventMessage message);
}
