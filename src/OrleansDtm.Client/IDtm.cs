namespace OrleansDtm.Client;

/// <summary>
/// A DTM-compatible coordinator: starts, follows and ends global transactions. Safe for concurrent use. Where a request is refused or
/// cannot be delivered a <see cref="DtmException"/> is thrown; a transaction that is rolled back is a result, not an exception.
/// Cancelling ends the waiting, never an abort that is due.
/// </summary>
public interface IDtm
{
}
