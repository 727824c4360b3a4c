using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>Calls participants that are not reached by HTTP.</summary>
internal interface IBranchTransport
{
    /// <summary>The URL is of its kind.</summary>
    bool Serves(string url);

    /// <summary>Calls; what is said with the call is as in <see cref="BranchCaller.CallAsync"/>.</summary>
    /// <returns>The answer, of a participant that says yes.</returns>
    /// <exception cref="DtmException">It says no, is still at it, or cannot be called.</exception>
    Task<byte[]> CallAsync(
        TransactionRequest transaction, string branchId, string op, string url, byte[]? body, string? coordinator, CancellationToken cancellationToken);
}
