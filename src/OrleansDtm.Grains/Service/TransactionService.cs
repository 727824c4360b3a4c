using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Grains.Calls;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Protocol;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>
/// Implements the coordinator's API for all protocols. The adapters in Apis only convert requests and responses.
/// </summary>
public sealed class TransactionService(
    Transactions transactions,
    ITransactionStore store,
    RequestValidator validator,
    TopicService topics,
    BranchGrainDirectory branches,
    AuditedRequests audit,
    UnfinishedQuota unfinished,
    NamespaceQuota spaces,
    EndWatch watch,
    TimeProvider clock)
{
    /// <summary>The number of transactions that resetCronTime wakes concurrently.</summary>
    private const int WakeConcurrency = 64;

    /// <summary>Submits a transaction. For a workflow, stores the final status that its SDK reports.</summary>
    /// <exception cref="RequestException">The request is invalid; nothing was stored.</exception>
    public Task<TransactionReply> Submit(TransactionRequest request, Requester by)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(by);
        return audit.Request(
            by, "submit", request.Gid, () => Within(by, request, () => Submit(request, by.Namespace)));
    }

    /// <exception cref="RequestException">The request is invalid; nothing was stored.</exception>
    public Task<TransactionReply> Prepare(TransactionRequest request, Requester by)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(by);
        return audit.Request(
            by, "prepare", request.Gid, () => Within(by, request, () => Prepare(request, by.Namespace)));
    }

    /// <summary>Creates a workflow or finds an existing one, and returns its progress.</summary>
    /// <returns>The view; null if the reply is not Ok.</returns>
    /// <exception cref="RequestException">The request is invalid; nothing was stored.</exception>
    public async Task<(TransactionReply Reply, StoredTransaction? Workflow)> PrepareWorkflow(
        TransactionRequest request, Requester by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(by);
        StoredTransaction? workflow = null;
        var reply = await audit.Request(by, "prepareWorkflow", request.Gid, () => Within(by, request, async () =>
        {
            (var reply, workflow) = await PrepareWorkflow(request, by.Namespace, cancellationToken);
            return reply;
        }));
        return (reply, workflow);
    }

    /// <exception cref="RequestException">The request is invalid; nothing was stored.</exception>
    public Task<TransactionReply> RegisterBranch(RegisterRequest request, Requester by)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(by);
        return audit.Request(by, "registerBranch", request.Gid, () => transactions.Tell(
            RequestValidator.Gid(request.Gid, by.Namespace),
            RegisterRules.Check(request, branches, validator.Targets, clock.GetUtcNow())));
    }

    public Task<TransactionReply> Abort(TransactionRequest request, Requester by)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(by);
        return audit.Request(by, "abort", request.Gid, () =>
        {
            var gid = RequestValidator.Gid(request.Gid, by.Namespace);
            var type = RequestValidator.Type(request.TransType);
            return transactions.Tell(
                gid, new TransactionEvent.Abort(type, RequestValidator.Reason(request.RollbackReason)));
        });
    }

    public Task<TransactionReply> ForceStop(TransactionRequest request, Requester by)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(by);
        var because = string.IsNullOrEmpty(request.Reason)
            ? ""
            : $"because {RequestValidator.StopReason(request.Reason)}";
        return audit.Operation(by, "forceStop", request.Gid, because, gid => transactions.Tell(
            gid, new TransactionEvent.ForceStop(because.Length == 0 ? by.Describe() : $"{by.Describe()}, {because}")));
    }

    public Task<TransactionReply> ResetNextCronTime(TransactionRequest request, Requester by)
    {
        ArgumentNullException.ThrowIfNull(request);
        var because = string.IsNullOrEmpty(request.Reason)
            ? ""
            : $"because {RequestValidator.StopReason(request.Reason)}";
        return audit.Operation(by, "resetNextCronTime", request.Gid, because, gid => transactions.Tell(
            gid, TransactionEvent.RetryNow.Instance));
    }

    /// <summary>Makes one pending retry due now.</summary>
    /// <exception cref="RequestException">The request is invalid.</exception>
    public Task<TransactionReply> RetryBranch(string? gid, string? branchId, string? op, Requester by) =>
        audit.Operation(by, "retryBranch", gid, $"{branchId} {op}", known => transactions.Tell(
            known, new TransactionEvent.RetryBranch(Named("branch_id", branchId), Named("op", op))));

    /// <summary>
    /// Marks a call that waits for a retry as succeeded, because an operator applied its effect manually.
    /// </summary>
    /// <param name="result">The answer of the action, if the transaction keeps results; null = none.</param>
    /// <exception cref="RequestException">The request is invalid.</exception>
    public Task<TransactionReply> ResolveBranch(
        string? gid, string? branchId, string? op, string? reason, Requester by, string? result = null) =>
        audit.Operation(
            by, "resolveBranch", gid, $"{branchId} {op}, because {reason}", known => transactions.Tell(
                known,
                new TransactionEvent.ResolveBranch(
                    Named("branch_id", branchId), Named("op", op), RequestValidator.Reason(Named("reason", reason)),
                    result)));

    /// <summary>Makes retries due now whose delay ends later than <paramref name="timeout"/> from now.</summary>
    public async Task<ResetCronTimeView> ResetCronTime(
        TimeSpan timeout, int limit, Requester by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(by);
        var view = new ResetCronTimeView { SucceedCount = 0, HasRemaining = false };
        await audit.Operation(by, "resetCronTime", $"timeout {timeout.TotalSeconds} s, limit {limit}", async () =>
        {
            view = await ResetCronTime(timeout, limit, by.Namespace, cancellationToken);
            return new TransactionReply
            {
                Kind = ReplyKind.Ok,
                Message = $"{view.SucceedCount} transactions",
            };
        });
        return view;
    }

    /// <summary>Runs a request within the bounds of unfinished transactions of its namespace and its caller.</summary>
    private Task<TransactionReply> Within(Requester by, TransactionRequest request, Func<Task<TransactionReply>> run)
    {
        return spaces.Max(by.Namespace) == 0 ? WithinCaller() : Counted(
            request,
            by.Namespace,
            spaces.TryTake,
            spaces.Release,
            () => $"the namespace '{by.Namespace}' has {spaces.Max(by.Namespace)} unfinished transactions on this "
                + "silo. Wait until some have ended, or have an administrator raise Limits:Namespaces or "
                + "Limits:NamespaceUnfinishedMax",
            WithinCaller);

        Task<TransactionReply> WithinCaller() => by.UnfinishedMax == 0 ? run() : Counted(
            request,
            by.Namespace,
            gid => unfinished.TryTake($"{by.Kind} {by.Name}", by.UnfinishedMax, gid),
            unfinished.Release,
            () => $"'{by.Name}' has {by.UnfinishedMax} unfinished transactions on this silo. Wait until "
                + "some have ended, or have an administrator raise unfinished= in the line of the key",
            run);
    }

    private static async Task<TransactionReply> Counted(
        TransactionRequest request,
        string space,
        Func<string, ValueTask<QuotaPlace>> take,
        Action<string> release,
        Func<string> problem,
        Func<Task<TransactionReply>> run)
    {
        var gid = RequestValidator.Gid(request.Gid, space);
        var place = await take(gid);
        if (place == QuotaPlace.None)
        {
            return new TransactionReply { Kind = ReplyKind.TooMany, Message = problem() };
        }

        var isAccepted = false;
        try
        {
            var reply = await run();
            isAccepted = reply.Kind is ReplyKind.Ok or ReplyKind.Unavailable
                && reply.Status is not ("succeed" or "failed");
            return reply;
        }
        finally
        {
            if (!isAccepted && place == QuotaPlace.New)
            {
                release(gid);
            }
        }
    }

    private async Task<TransactionReply> Submit(TransactionRequest request, string space)
    {
        var gid = RequestValidator.Gid(request.Gid, space);
        if (RequestValidator.Type(request.TransType) == TransactionType.Workflow)
        {
            return await transactions.Tell(gid, WorkflowRules.End(request.ReqExtra));
        }

        var submission = validator.Submission(request, space, prepare: false, clock.GetUtcNow());
        await RefuseNewBadGid(gid);
        var expanded = TopicService.IsNeededFor(submission) ? await ExpandOrPrepared(gid, submission) : submission;
        return await transactions.Tell(
            gid, new TransactionEvent.Submit(expanded), submission.Definition.Options.WaitResult);
    }

    private async Task<TransactionReply> Prepare(TransactionRequest request, string space)
    {
        var gid = RequestValidator.Gid(request.Gid, space);
        var submission = validator.Submission(request, space, prepare: true, clock.GetUtcNow());
        await RefuseNewBadGid(gid);
        return await transactions.Tell(gid, new TransactionEvent.Prepare(await topics.Expand(submission)));
    }

    private async Task<(TransactionReply Reply, StoredTransaction? Workflow)> PrepareWorkflow(
        TransactionRequest request, string space, CancellationToken cancellationToken)
    {
        var gid = RequestValidator.Gid(request.Gid, space);
        if (RequestValidator.Type(request.TransType) != TransactionType.Workflow)
        {
            throw new RequestException("trans_type", "must be workflow here");
        }

        var submission = validator.Submission(request, space, prepare: true, clock.GetUtcNow());
        await RefuseNewBadGid(gid);
        var reply = await transactions.Tell(gid, new TransactionEvent.Prepare(submission));
        return reply.Kind == ReplyKind.Ok
            ? (reply, await store.Load(gid, cancellationToken))
            : (reply, null);
    }

    private async Task<ResetCronTimeView> ResetCronTime(
        TimeSpan timeout, int limit, string space, CancellationToken cancellationToken)
    {
        var waiting = await store.FindWaiting(clock.GetUtcNow() + timeout, space, limit + 1, cancellationToken);
        var succeeded = 0;
        foreach (var group in waiting.Take(limit).Chunk(WakeConcurrency))
        {
            var replies = await Task.WhenAll(
                group.Select(due => transactions.Tell(due.Gid, TransactionEvent.RetryNow.Instance)));
            succeeded += replies.Count(static r => r.Kind == ReplyKind.Ok);
        }

        return new ResetCronTimeView { SucceedCount = succeeded, HasRemaining = waiting.Count > limit };
    }

    /// <summary>Waits until a transaction has ended, without polling the store.</summary>
    /// <param name="space">The namespace; empty = the default one.</param>
    /// <param name="gid">The gid.</param>
    /// <param name="timeout">At most so long.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Ended, Unfinished, NotFound or TooMany; with the first two the transaction as it is now.</returns>
    /// <exception cref="RequestException">The gid is invalid.</exception>
    public async Task<(EndWait Result, StoredTransaction? Transaction)> WaitForEnd(
        string space, string? gid, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var known = RequestValidator.Gid(gid, space);
        var result = await watch.Wait(known, timeout, cancellationToken);
        if (result is not (EndWait.Ended or EndWait.Unfinished))
        {
            return (result, null);
        }

        var stored = await store.Load(known, cancellationToken);
        return stored is null ? (EndWait.NotFound, null)
            : (stored.Transaction.IsFinal ? EndWait.Ended : EndWait.Unfinished, stored);
    }

    /// <summary>Returns a transaction in the format of query.</summary>
    /// <param name="stored">The transaction.</param>
    /// <param name="secrets">True to show the values of secret headers.</param>
    public QueryView Show(StoredTransaction stored, bool secrets)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return new QueryView
        {
            Transaction = TransactionViews.Of(
                stored, secrets, waiting: Waiting.Of(stored.Transaction, clock.GetUtcNow())),
            Branches = TransactionViews.BranchesOf(stored.Transaction, secrets),
        };
    }

    /// <summary>Returns why the transaction has not ended, as in query; null = it has.</summary>
    public WaitingView? WaitingOf(StoredTransaction stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return Waiting.Of(stored.Transaction, clock.GetUtcNow()) is { } waiting ? TransactionViews.Of(waiting) : null;
    }

    /// <summary>Returns the stored transaction; null = the gid does not exist.</summary>
    public Task<StoredTransaction?> Find(string space, string? gid, CancellationToken cancellationToken) =>
        store.Load(RequestValidator.Gid(gid, space), cancellationToken);

    /// <param name="space">The namespace; empty = the default one.</param>
    /// <param name="gid">The gid.</param>
    /// <param name="secrets">True to show the values of secret headers, such as Authorization; false to mask
    /// them.</param>
    public async Task<QueryView> Query(
        string space, string? gid, CancellationToken cancellationToken, bool secrets = false)
    {
        var stored = await Find(space, gid, cancellationToken);
        return stored is null ? new QueryView { Branches = [] } : Show(stored, secrets);
    }

    /// <param name="secrets">True to show the values of secret headers, such as Authorization; false to mask
    /// them.</param>
    /// <exception cref="RequestException">The position is invalid.</exception>
    /// <param name="scannedMax">See <see cref="TransactionListing.Scan"/>.</param>
    public async Task<ListView> List(
        ListRequest request,
        CancellationToken cancellationToken,
        bool secrets = false,
        int scannedMax = TransactionListing.ScannedMax)
    {
        ArgumentNullException.ThrowIfNull(request);
        var now = clock.GetUtcNow();
        var before = ListPosition.Parse(request.Position, store.Shards.Count);
        var page = await (request.Scan is { } scan
            ? TransactionListing.Scan(
                store.Shards,
                request.Filter,
                before,
                row => scan.Matches(row.Transaction),
                cancellationToken,
                scannedMax)
            : TransactionListing.Read(store.Shards, request.Filter, before, cancellationToken));
        return new ListView
        {
            // As in DTM: null for an unknown gid, an empty list for an empty page.
            Transactions = request.Filter.Gid is not null && page.Rows.Count == 0
                ? null
                : [.. page.Rows.Select(row => Listed(row, secrets, now))],
            NextPosition = page.Next is null ? "" : ListPosition.Format(page.Next),
        };
    }

    /// <summary>A row of a listing.</summary>
    internal static TransactionView Listed(StoredTransaction row, bool secrets, DateTimeOffset now) =>
        TransactionViews.Of(row, secrets, waiting: Waiting.Of(row.Transaction, now));

    /// <summary>Returns a workflow in the format of prepareWorkflow.</summary>
    public static WorkflowView View(StoredTransaction workflow, bool secrets = false)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        return new WorkflowView
        {
            Transaction = TransactionViews.Of(workflow, secrets, timeout: true),
            Progresses = TransactionViews.BranchesOf(workflow.Transaction, secrets),
        };
    }

    /// <summary>
    /// Keeps the subscribers of the prepare: a topic that was deleted since must not reject the submit.
    /// </summary>
    private async Task<Submission> ExpandOrPrepared(string gid, Submission submission)
    {
        try
        {
            return await topics.Expand(submission);
        }
        catch (RequestException)
        {
            var stored = await store.Load(gid, CancellationToken.None);
            if (stored is null)
            {
                throw;
            }

            return submission;
        }
    }

    /// <summary>
    /// Accepts an existing gid that is invalid for new transactions; an earlier version may have stored it.
    /// </summary>
    private async ValueTask RefuseNewBadGid(string gid)
    {
        if (RequestValidator.NewGidProblem(gid) is { } problem && await store.Load(gid, CancellationToken.None) is null)
        {
            throw problem;
        }
    }

    /// <exception cref="RequestException">The value is missing.</exception>
    private static string Named(string field, string? value) => string.IsNullOrEmpty(value)
        ? throw new RequestException(
            field, field == "op" ? "is missing; action, compensate, confirm, ..." : "is missing")
        : value;
}
