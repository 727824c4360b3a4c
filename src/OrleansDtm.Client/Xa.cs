using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// An XA transaction during the prepare of its branches, given by <see cref="IDtm.XaAsync"/>. Branches may be called
/// concurrently.
/// </summary>
public sealed class Xa
{
    private readonly Dtm _dtm;
    private readonly TransactionRequest _request;
    private readonly BranchIds _ids = new("");
    private readonly CancellationToken _cancel;

    internal Xa(Dtm dtm, TransactionRequest request, CancellationToken cancel)
    {
        _dtm = dtm;
        _request = request;
        _cancel = cancel;
    }

    /// <summary>The gid.</summary>
    public string Gid => _request.Gid!;

    /// <summary>
    /// Calls a branch, which runs its work, registers itself and prepares its database; the coordinator calls the same
    /// URL to commit or roll back. Cancelled by the token of <see cref="IDtm.XaAsync"/>.
    /// </summary>
    /// <param name="url">URL of the branch, which the coordinator can reach too.</param>
    /// <param name="payload">Serialized to JSON, except bytes and protobuf messages, which are sent unchanged (over
    /// HTTP they must be UTF-8 text).</param>
    /// <returns>The response of the branch.</returns>
    /// <exception cref="ArgumentException">The URL's query has a reserved name: gid, trans_type, branch_id, op,
    /// phase2_url.</exception>
    /// <exception cref="BranchFailureException">The participant failed.</exception>
    /// <exception cref="BranchOngoingException">The participant is in progress.</exception>
    /// <exception cref="BranchUnavailableException">The participant is unreachable, or its response is neither success
    /// nor failure.</exception>
    public Task<BranchResponse> CallBranchAsync<T>(string url, T payload)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        BranchUrls.Check(url, nameof(url));
        var body = _dtm.Body(payload);
        return _dtm.Branches.CallAsync(
            _request, _ids.Next(), BranchOps.Action, url, body, _dtm.Coordinator.Address, _cancel);
    }
}
