using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>An XA transaction while its branches prepare. Given by <see cref="IDtm.XaAsync"/>. Branches may be called side by side.</summary>
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

    /// <summary>Of the transaction.</summary>
    public string Gid => _request.Gid!;

    /// <summary>
    /// Calls a branch, which does its work, prepares its database and registers itself; the coordinator calls the same URL to commit or
    /// to roll back. Cancelled by the token given to <see cref="IDtm.XaAsync"/>.
    /// </summary>
    /// <param name="url">The branch, as the coordinator can reach it too.</param>
    /// <param name="payload">Becomes JSON, unless it is bytes or a message of protocol buffers: these go as they are, and over HTTP must be UTF-8 text.</param>
    /// <returns>What the branch answered.</returns>
    /// <exception cref="ArgumentException">The URL's query has a name that DTM adds itself: gid, trans_type, branch_id, op, phase2_url.</exception>
    /// <exception cref="BranchFailureException">The participant refused.</exception>
    /// <exception cref="BranchOngoingException">The participant has not come to an end.</exception>
    /// <exception cref="BranchUnavailableException">The participant cannot be reached, or answered neither yes nor no.</exception>
    public Task<BranchResponse> CallBranchAsync<T>(string url, T payload)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        BranchUrls.Check(url, nameof(url));
        var body = _dtm.Body(payload);
        return _dtm.Branches.CallAsync(_request, _ids.Next(), BranchOps.Action, url, body, _dtm.Coordinator.Address, _cancel);
    }
}
