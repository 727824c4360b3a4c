using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>Calls participants over other protocols than HTTP.</summary>
internal interface IBranchTransport
{
    /// <summary>Whether the URL belongs to this transport.</summary>
    bool Serves(string url);

    /// <summary>Makes the call; parameters as in <see cref="BranchCaller.CallAsync"/>.</summary>
    /// <returns>The response of a success.</returns>
    /// <exception cref="DtmException">The participant failed, is in progress, or is unreachable.</exception>
    Task<byte[]> CallAsync(
        TransactionRequest transaction, string branchId, string op, string url, byte[]? body, string? coordinator,
        CancellationToken cancellationToken);
}
