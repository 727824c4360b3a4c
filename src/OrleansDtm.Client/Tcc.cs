using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// A TCC during its tries, given by <see cref="IDtm.TccAsync"/>. Branches may be called concurrently.
/// </summary>
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
    /// Registers a branch and calls its try. The branch is confirmed or cancelled later in any case, also if its try is
    /// unreachable. Cancelled by the token of <see cref="IDtm.TccAsync"/>.
    /// </summary>
    /// <param name="tryUrl">URL of the try, called by the SDK.</param>
    /// <param name="confirmUrl">URL of confirm, called by the coordinator.</param>
    /// <param name="cancelUrl">URL of cancel, called by the coordinator, also if no try arrived.</param>
    /// <param name="payload">Body of all three: serialized to JSON, except bytes and protobuf messages, which are sent
    /// unchanged (over HTTP they must be UTF-8 text).</param>
    /// <returns>The response of the try.</returns>
    /// <exception cref="ArgumentException">A URL's query has a reserved name: gid, trans_type, branch_id, op,
    /// phase2_url.</exception>
    /// <exception cref="BranchFailureException">The participant failed.</exception>
    /// <exception cref="BranchOngoingException">The participant is in progress.</exception>
    /// <exception cref="BranchUnavailableException">The participant is unreachable, or its response is neither success
    /// nor failure.</exception>
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
            Fields = new Dictionary<string, string>
            {
                [BranchOps.Confirm] = confirmUrl,
                [BranchOps.Cancel] = cancelUrl,
            },
        };
        await _dtm.Coordinator.RegisterBranchAsync(registration, _cancel).ConfigureAwait(false);
        return await _dtm.Branches.CallAsync(
            _request, branch, BranchOps.Try, tryUrl, body, _dtm.Coordinator.Address, _cancel).ConfigureAwait(false);
    }
}
