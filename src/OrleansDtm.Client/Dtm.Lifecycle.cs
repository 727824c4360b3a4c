using OrleansDtm.Protocol;
using OrleansDtm.Shared;

namespace OrleansDtm.Client;

internal sealed partial class Dtm
{
    /// <summary>Version 7: consecutive ids are adjacent in the coordinator's index.</summary>
    public static string NewGid(TransOptions? options) =>
        string.IsNullOrEmpty(options?.Gid) ? TimeOrderedId.NewText() : options.Gid;

    /// <summary>The lifecycle of all patterns.</summary>
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
            Namespace = Namespace,
            TransType = type,
            WaitResult = options.WaitResult ? true : null,
            TimeoutToFail = options.TimeoutToFail?.TotalSeconds,
            RetryInterval = options.RetryInterval?.TotalSeconds,
            RequestTimeout = options.RequestTimeout?.TotalSeconds,
            BranchHeaders = all.Count == 0
                ? null
                : all.ToDictionary(static header => header.Key, static header => (string?)header.Value),
            Tags = new TagSet(options).ToRequest(),
            CustomData = options.CustomData,
            CallbackUrl = options.CallbackUrl,
            GiveUpAfter = options.GiveUpAfter > 0 ? options.GiveUpAfter : null,
            GiveUpAfterSeconds = options.GiveUpAfterTime?.TotalSeconds,
        };
    }

    public Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        SeeingStatus(request.Gid!, () => Coordinator.PrepareAsync(request, cancellationToken), cancellationToken);

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
            await SeeingStatus(
                request.Gid!,
                () => Coordinator.AbortAsync(abort, cancellationToken),
                cancellationToken).ConfigureAwait(false);
        }
        catch (BranchOngoingException)
        {
            // Prepared with wait_result, so the abort waits for the rollback; a branch waits for a retry, and the
            // coordinator continues.
        }
    }

    /// <summary>
    /// Submits. If the response to a wait does not distinguish a rollback from a delay, queries the status.
    /// </summary>
    public async Task<TransactionResult> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        var gid = request.Gid!;
        var waits = request.WaitResult == true;
        try
        {
            return await Coordinator.SubmitAsync(request, cancellationToken).ConfigureAwait(false)
                ?? new TransactionResult(gid, waits ? GlobalStatus.Succeeded : GlobalStatus.Submitted);
        }
        catch (BranchOngoingException e)
        {
            // It was accepted and continues, whether or not the query succeeds.
            var (info, _) = waits ? await LookAsync(gid, cancellationToken).ConfigureAwait(false) : default;
            return Result(info, request)
                ?? new TransactionResult(gid, GlobalStatus.Submitted, LastError: e.Reason ?? "");
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
                    $"It is unknown whether {gid} was rolled back or could not be submitted: {e.Message}. The query "
                    + $"failed: {unseen.Message}", e)
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

    /// <summary>The token cancels the wait only; the submit is sent and continues.</summary>
    public async Task<TransactionResult> SubmitForCertainAsync(
        TransactionRequest request, CancellationToken cancellationToken)
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

    /// <summary>Submits, and waits while the coordinator retries.</summary>
    public async Task<TransactionResult> SubmitAndWaitAsync(
        TransactionRequest request, TimeSpan timeout, CancellationToken cancellationToken)
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
            isLate = true; // The submit was late or is still pending; the query below shows the status.
        }

        var left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - clock.GetElapsedTime(start);
        try
        {
            return await WaitForEndAsync(
                request.Gid!,
                timeout != left && left < LastCall ? LastCall : left,
                cancellationToken).ConfigureAwait(false);
        }
        catch (DtmNotFoundException e) when (isLate)
        {
            throw new TimeoutException(
                $"The submit of '{request.Gid}' was not answered within {timeout}; it is still pending.", e);
        }
    }

    /// <summary>Prepare, the body, then submit or abort.</summary>
    private async Task<TransactionResult> TwoPhaseAsync(
        TransactionRequest request, Func<Task> body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            await AbortAfterAsync(request, e).ConfigureAwait(false); // The prepare may have arrived.
            throw;
        }

        try
        {
            await body().ConfigureAwait(false);
            // If the body ignores the token, abort: the submit would not be sent.
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
    /// Without the caller's token: a cancelled token is often the reason for the abort. If the abort fails, the
    /// coordinator's timeout rolls back; the caller needs the original exception.
    /// </summary>
    public async Task AbortAfterAsync(TransactionRequest request, Exception cause)
    {
        try
        {
            await AbortAsync(
                request,
                (cause as DtmException)?.Reason ?? cause.Message,
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogAbortFailed(e, request.TransType, request.Gid);
        }
    }

    /// <summary>Adds the status to a conflict without a reason.</summary>
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

    /// <summary>Null = not the submitted transaction.</summary>
    private static TransactionResult? Result(TransactionInfo? info, TransactionRequest request) =>
        info is not null
            && info.TransType == request.TransType
            && info.Status is not (GlobalStatus.Prepared or GlobalStatus.Unknown)
            ? info.ToResult()
            : null;

    /// <summary>Queries once, for a better result. Null without an error = there is no such transaction.</summary>
    private async Task<(TransactionInfo? Info, Exception? Error)> LookAsync(
        string gid, CancellationToken cancellationToken)
    {
        try
        {
            return (await Coordinator.QueryAsync(gid, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception e) when (e is DtmException or NotSupportedException)
        {
            return (null, e); // The caller throws the original exception.
        }
    }
}
