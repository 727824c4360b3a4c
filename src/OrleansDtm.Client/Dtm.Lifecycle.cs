using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

internal sealed partial class Dtm
{
    /// <summary>Of version 7: ids made one after the other lie side by side in the coordinator's index.</summary>
    public static string NewGid(TransOptions? options) =>
        string.IsNullOrEmpty(options?.Gid) ? Guid.CreateVersion7().ToString("N") : options.Gid;

    /// <summary>What all patterns say in the same way.</summary>
    public TransactionRequest Request(string type, TransOptions options, string gid)
    {
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var source in headers)
        {
            source.Collect(all);
        }

        foreach (var (name, value) in options.BranchHeaders)
        {
            all[name] = value;
        }

        return new TransactionRequest
        {
            Gid = gid,
            TransType = type,
            WaitResult = options.WaitResult ? true : null,
            TimeoutToFail = options.TimeoutToFail?.TotalSeconds,
            RetryInterval = options.RetryInterval?.TotalSeconds,
            RequestTimeout = options.RequestTimeout?.TotalSeconds,
            BranchHeaders = all.Count == 0 ? null : all.ToDictionary(static header => header.Key, static header => (string?)header.Value),
            CustomData = options.CustomData,
            CallbackUrl = options.CallbackUrl,
        };
    }

    public Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        SeeingStatus(request.Gid!, () => coordinator.PrepareAsync(request, cancellationToken), cancellationToken);

    public async Task AbortAsync(TransactionRequest request, string reason, CancellationToken cancellationToken)
    {
        var abort = new TransactionRequest
        {
            Gid = request.Gid,
            TransType = request.TransType,
            RollbackReason = reason.Length <= ReasonMax ? reason : reason[..ReasonMax],
        };
        try
        {
            await SeeingStatus(request.Gid!, () => coordinator.AbortAsync(abort, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (BranchOngoingException)
        {
            // Prepared with wait_result, so the answer waits for the rollback; a branch needs a retry, and the coordinator goes on.
        }
    }

    /// <summary>
    /// Submits. A wait whose answer alone does not tell a rollback from a delay is cleared up by a query.
    /// </summary>
    public async Task<TransactionResult> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        var gid = request.Gid!;
        var waits = request.WaitResult == true;
        try
        {
            return await coordinator.SubmitAsync(request, cancellationToken).ConfigureAwait(false)
                ?? new TransactionResult(gid, waits ? GlobalStatus.Succeeded : GlobalStatus.Submitted);
        }
        catch (BranchOngoingException e)
        {
            // It was taken and goes on, whether or not a look tells more.
            var (info, _) = waits ? await LookAsync(gid, cancellationToken).ConfigureAwait(false) : default;
            return Result(info, request) ?? new TransactionResult(gid, GlobalStatus.Submitted, LastError: e.Reason ?? "");
        }
        catch (DtmConflictException e)
        {
            var (info, unseen) = await LookAsync(gid, cancellationToken).ConfigureAwait(false);
            if (waits && Result(info, request) is { } result)
            {
                return result;
            }

            if (waits && unseen is not null)
            {
                throw new DtmUnavailableException(
                    $"Whether {gid} was rolled back or could not be submitted is not known: {e.Message}. The look failed: {unseen.Message}", e)
                {
                    Gid = gid,
                    Reason = e.Reason,
                };
            }

            throw Conflict(e, gid, info);
        }
        catch (DtmUnavailableException) when (waits)
        {
            var (info, _) = await LookAsync(gid, cancellationToken).ConfigureAwait(false);
            if (Result(info, request) is { } result)
            {
                return result;
            }

            throw;
        }
    }

    /// <summary>The submit goes out, and goes on, whatever becomes of the token: that ends the waiting only.</summary>
    public async Task<TransactionResult> SubmitForCertainAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        var submit = SubmitAsync(request, CancellationToken.None);
        try
        {
            return await submit.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!submit.IsCompleted)
        {
            _ = submit.ContinueWith(
                late => LogSubmitFailed(late.Exception!.InnerException!, request.TransType, request.Gid),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Submits, waits, and goes on waiting while the coordinator retries.</summary>
    public async Task<TransactionResult> SubmitAndWaitAsync(TransactionRequest request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        request.WaitResult = true;
        var start = clock.GetTimestamp();
        using var late = new CancellationTokenSource(timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var isLate = false;
        try
        {
            var result = await SubmitForCertainAsync(request, both.Token).ConfigureAwait(false);
            if (result.HasEnded)
            {
                return result;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            isLate = true; // While the coordinator was still at it, or the submit on its way; the look below tells what there is to tell.
        }

        var left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - clock.GetElapsedTime(start);
        try
        {
            return await WaitForEndAsync(request.Gid!, timeout != left && left < LastCall ? LastCall : left, cancellationToken).ConfigureAwait(false);
        }
        catch (DtmNotFoundException e) when (isLate)
        {
            throw new TimeoutException($"The submit of '{request.Gid}' was not answered within {timeout}; it is still on its way.", e);
        }
    }

    /// <summary>Prepare, the body, then submit or abort.</summary>
    private async Task<TransactionResult> TwoPhaseAsync(TransactionRequest request, Func<Task> body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            await AbortAfterAsync(request, e).ConfigureAwait(false); // It may have arrived.
            throw;
        }

        try
        {
            await body().ConfigureAwait(false);
            // A body that ignores it must not leave things half done: the submit would not be sent.
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (Exception e)
        {
            await AbortAfterAsync(request, e).ConfigureAwait(false);
            throw;
        }

        return await SubmitForCertainAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// With no token of the caller's: a cancelled one is often the very reason for the abort. An abort that does not arrive is the
    /// coordinator's timeout to make good; the caller must see why it came to that.
    /// </summary>
    public async Task AbortAfterAsync(TransactionRequest request, Exception cause)
    {
        try
        {
            await AbortAsync(request, (cause as DtmException)?.Reason ?? cause.Message, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogAbortFailed(e, request.TransType, request.Gid);
        }
    }

    /// <summary>Where a conflict says only no, adds the status to it.</summary>
    private async Task SeeingStatus(string gid, Func<Task> request, CancellationToken cancellationToken)
    {
        try
        {
            await request().ConfigureAwait(false);
        }
        catch (DtmConflictException e)
        {
            var (info, _) = await LookAsync(gid, cancellationToken).ConfigureAwait(false);
            throw Conflict(e, gid, info);
        }
    }

    private static DtmConflictException Conflict(DtmConflictException e, string gid, TransactionInfo? info) =>
        new(e.Message, e) { Gid = gid, Status = info?.Status ?? e.Status, Reason = e.Reason };

    /// <summary>Null = what was seen is not what was submitted.</summary>
    private static TransactionResult? Result(TransactionInfo? info, TransactionRequest request) =>
        info is not null && info.TransType == request.TransType && info.Status is not (GlobalStatus.Prepared or GlobalStatus.Unknown)
            ? info.ToResult()
            : null;

    /// <summary>
    /// Looks once, for the sake of a better answer. Without an error, null = there is no such transaction.
    /// </summary>
    private async Task<(TransactionInfo? Info, Exception? Error)> LookAsync(
        string gid, CancellationToken cancellationToken)
    {
        try
        {
            return (await coordinator.QueryAsync(gid, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception e) when (e is DtmException or NotSupportedException)
        {
            return (null, e); // The caller throws what made it look.
        }
    }
}
