using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>A TCC while its tries are made. Given by <see cref="IDtm.TccAsync"/>. Branches may be called side by side.</summary>
public sealed class Tcc
{
    private readonly Dtm _dtm;
    private readonly TransactionRequest _request;
    private readonly BranchIds _ids;
    private readonly CancellationToken _cancel;

    internal Tcc(Dtm dtm, TransactionRequest request, string parent, CancellationToken cancel)
    {
        _dtm = dtm;
        _request = request;
        _ids = new BranchIds(parent);
        _cancel = cancel;
    }

    /// <summary>Of the transaction.</summary>
    public string Gid => _request.Gid!;

    /// <summary>
    /// Registers a branch and calls its try. Whatever becomes of that, the branch is confirmed or cancelled later, so a try that cannot
    /// be reached is cancelled as well. Cancelled by the token given to <see cref="IDtm.TccAsync"/>.
    /// </summary>
    /// <param name="tryUrl">URL that reserves, called from here.</param>
    /// <param name="confirmUrl">URL that uses what was reserved, called by the coordinator.</param>
    /// <param name="cancelUrl">URL that releases it, called by the coordinator; also when no try arrived.</param>
    /// <param name="payload">Body of all three: becomes JSON, unless it is bytes or a message of protocol buffers: these go as they are, and over HTTP must be UTF-8 text.</param>
    /// <returns>What the try answered.</returns>
    /// <exception cref="ArgumentException">A URL's query has a name that DTM adds itself: gid, trans_type, branch_id, op, phase2_url.</exception>
    /// <exception cref="BranchFailureException">The participant refused.</exception>
    /// <exception cref="BranchOngoingException">The participant has not come to an end.</exception>
    /// <exception cref="BranchUnavailableException">The participant cannot be reached, or answered neither yes nor no.</exception>
    /// <exception cref="DtmException">The branch could not be registered.</exception>
    public async Task<BranchResponse> CallBranchAsync<T>(string tryUrl, string confirmUrl, string cancelUrl, T payload)
    {
        ArgumentNullException.ThrowIfNull(tryUrl);
        ArgumentNullException.ThrowIfNull(confirmUrl);
        ArgumentNullException.ThrowIfNull(cancelUrl);
        BranchUrls.Check(tryUrl, nameof(tryUrl));
        BranchUrls.Check(confirmUrl, nameof(confirmUrl));
        BranchUrls.Check(cancelUrl, nameof(cancelUrl));
        var body = _dtm.Body(payload);
        var branch = _ids.Next();
        var registration = new RegisterRequest
        {
            Gid = Gid,
            BranchId = branch,
            TransType = TransTypes.Tcc,
            Data = body,
            Fields = new Dictionary<string, string> { [BranchOps.Confirm] = confirmUrl, [BranchOps.Cancel] = cancelUrl },
        };
        await _dtm.Coordinator.RegisterBranchAsync(registration, _cancel).ConfigureAwait(false);
        return await _dtm.Branches.CallAsync(_request, branch, BranchOps.Try, tryUrl, body, _dtm.Coordinator.Address, _cancel).ConfigureAwait(false);
    }
}
