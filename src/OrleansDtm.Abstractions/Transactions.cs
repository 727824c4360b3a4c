namespace OrleansDtm.Abstractions;

/// <summary><see cref="ITransactions"/> over the coordinator's <see cref="ITransactionsGrain"/>.</summary>
internal sealed class Transactions(IGrainFactory grains, TimeProvider clock) : ITransactions
{
    /// <summary>What the coordinator stores in front of gids and topics of this namespace; empty = nothing.</summary>
    private readonly string _prefix = "";

    /// <summary>Attempts to deliver a request that Orleans rejects.</summary>
    private const int TriesMax = 4;

    /// <summary>Timeout of one wait; short, so that a stopping silo is not delayed.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    /// <summary>Wait before a retry to an unreachable coordinator.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>A silo or client that has just joined may not know the coordinators yet.</summary>
    private static readonly (TimeSpan Pace, int Looks) Introduction = (TimeSpan.FromMilliseconds(100), 100);

    private Transactions(Transactions original, string prefix)
        : this(original.Grains, original.Clock) => _prefix = prefix;

    private IGrainFactory Grains { get; } = grains;

    private TimeProvider Clock { get; } = clock;

    public ITransactions InNamespace(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > 32
            || name.StartsWith('-')
            || name.Any(static c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')))
        {
            throw new ArgumentException(
                $"'{name}' is not the name of a namespace: 1 to 32 lower-case letters, digits and hyphens.",
                nameof(name));
        }

        return new Transactions(this, name.Length == 0 ? "" : $"\u001f{name}:");
    }

    public string NewGid() => GidGenerator.New();

    public Task<TransactionResult> Submit(GlobalTransaction transaction, bool wait, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var message = Qualified(transaction.Message(wait));
        return Result(transaction.Gid, grain => grain.Submit(message), cancellationToken);
    }

    public async Task<TransactionResult> SubmitAndWait(
        GlobalTransaction transaction, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        using var deadline = Deadline(timeout, cancellationToken);
        try
        {
            var result = await Submit(transaction, wait: true, deadline.Token);
            return result.HasEnded ? result : await End(transaction.Gid, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await IsKnown(transaction.Gid)
                ? Late(transaction.Gid, timeout)
                : new TransactionException(
                    transaction.Gid,
                    ReplyKind.Unavailable,
                    $"no answer within {timeout}; its outcome is unknown. Submit it again with the same gid");
        }
    }

    /// <summary>A timeout must not claim that the transaction continues if it was never stored.</summary>
    private async Task<bool> IsKnown(string gid)
    {
        using var soon = Deadline(TimeSpan.FromSeconds(2), CancellationToken.None);
        try
        {
            return await Query(gid, soon.Token) is not null;
        }
        catch (Exception e)
            when (e is TransactionException or OperationCanceledException or TimeoutException or OrleansException)
        {
            return false;
        }
    }

    public Task<TransactionResult> Prepare(GlobalTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var message = Qualified(transaction.Message(wait: false));
        return Result(transaction.Gid, grain => grain.Prepare(message), cancellationToken);
    }

    public async Task<TransactionInfo> PrepareWorkflow(
        WorkflowTransaction workflow, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        var message = Qualified(workflow.Message(wait: false));
        var reply = await Ask(workflow.Gid, grain => grain.PrepareWorkflow(message), cancellationToken);
        Check(workflow.Gid, reply.Reply);
        return reply.Info ?? throw new TransactionException(
            workflow.Gid, ReplyKind.Unavailable, "it is stored but cannot be read at the moment");
    }

    public Task<TransactionResult> RegisterBranch(BranchRegistration branch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        var qualified = branch with { Gid = Qualified(branch.Gid) };
        return Result(branch.Gid, grain => grain.RegisterBranch(qualified), cancellationToken);
    }

    public Task<TransactionResult> Abort(
        GlobalTransaction transaction, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return Result(
            transaction.Gid,
            grain => grain.Abort(Qualified(transaction.Gid), transaction.Type, reason),
            cancellationToken);
    }

    public Task<TransactionResult> FinishWorkflow(
        string gid, bool succeeded, string reason, string result, CancellationToken cancellationToken) =>
        Result(
            gid,
            grain => grain.FinishWorkflow(Qualified(gid), succeeded ? "succeed" : "failed", reason, result),
            cancellationToken);

    public async Task<TransactionInfo?> Query(string gid, CancellationToken cancellationToken)
    {
        var reply = await Ask(gid, grain => grain.Query(Qualified(gid)), cancellationToken);
        Check(gid, reply.Reply);
        return reply.Info;
    }

    public Task<TransactionResult> ForceStop(string gid, CancellationToken cancellationToken) =>
        Result(gid, grain => grain.ForceStop(Qualified(gid)), cancellationToken);

    public Task<TransactionResult> RetryNow(string gid, CancellationToken cancellationToken) =>
        Result(gid, grain => grain.RetryNow(Qualified(gid)), cancellationToken);

    public Task<TransactionResult> RetryBranch(
        string gid, string branchId, string op, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(branchId);
        ArgumentException.ThrowIfNullOrEmpty(op);
        return Result(gid, grain => grain.RetryBranch(Qualified(gid), branchId, op), cancellationToken);
    }

    public async Task<TransactionResult> WaitForEnd(string gid, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(timeout, cancellationToken);
        try
        {
            return await End(gid, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Late(gid, timeout);
        }
    }

    public async Task<BatchInfo> StartBatch(BatchChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return (await Batches(grain => grain.StartBatch(change, _prefix), cancellationToken)).Single();
    }

    public async Task<BatchInfo?> FindBatch(string id, CancellationToken cancellationToken) =>
        (await Batches(grain => grain.FindBatch(id, _prefix), cancellationToken)).SingleOrDefault();

    public async Task<IReadOnlyList<BatchInfo>> ListBatches(CancellationToken cancellationToken) =>
        await Batches(grain => grain.ListBatches(_prefix), cancellationToken);

    public Task StopBatch(string id, CancellationToken cancellationToken) =>
        Result("", grain => grain.StopBatch(id, _prefix), cancellationToken);

    public Task Subscribe(string topic, string url, string remark, CancellationToken cancellationToken) =>
        Result("", grain => grain.Subscribe(Qualified(topic), url, remark), cancellationToken);

    public Task Unsubscribe(string topic, string url, CancellationToken cancellationToken) =>
        Result("", grain => grain.Unsubscribe(Qualified(topic), url), cancellationToken);

    public Task DeleteTopic(string topic, CancellationToken cancellationToken) =>
        Result("", grain => grain.DeleteTopic(Qualified(topic)), cancellationToken);

    /// <summary>As the coordinator stores it. A silo of an earlier version refuses it, because of the mark.</summary>
    private string Qualified(string text) => _prefix.Length == 0 || string.IsNullOrEmpty(text) ? text : _prefix + text;

    private TransactionRequestMessage Qualified(TransactionRequestMessage message) =>
        _prefix.Length == 0 ? message : message with { Gid = Qualified(message.Gid) };

    private static TimeoutException Late(string gid, TimeSpan timeout) =>
        new($"The transaction {gid} has not ended within {timeout}; it continues.");

    private async Task<BatchInfo[]> Batches(
        Func<ITransactionsGrain, Task<BatchReply>> request, CancellationToken cancellationToken)
    {
        var reply = await Ask("", request, cancellationToken);
        Check("", reply.Reply);
        return reply.Batches;
    }

    private static void Check(string gid, TransactionReply reply)
    {
        if (reply.Kind != ReplyKind.Ok)
        {
            throw new TransactionException(gid, reply.Kind, reply.Message);
        }
    }

    private static TransactionResult Of(string gid, TransactionReply reply) => new()
    {
        Gid = gid,
        Status = reply.Status switch
        {
            "prepared" => GlobalStatus.Prepared,
            "submitted" => GlobalStatus.Submitted,
            "aborting" => GlobalStatus.Aborting,
            "succeed" => GlobalStatus.Succeeded,
            "failed" => GlobalStatus.Failed,
            _ => GlobalStatus.None,
        },
        RollbackReason = reply.RollbackReason,
        LastError = reply.LastError,
        Results = reply.Results ?? [],
    };

    private static CancellationTokenSource Deadline(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(timeout);
        return deadline;
    }

    private async Task<TransactionResult> End(string gid, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var result = await Result(gid, grain => grain.WaitForEnd(Qualified(gid), Look), cancellationToken);
                if (result.HasEnded)
                {
                    return result;
                }
            }
            catch (TransactionException e) when (e.Kind == ReplyKind.Unavailable)
            {
                await Task.Delay(Pause, Clock, cancellationToken);
            }
        }
    }

    private async Task<TransactionResult> Result(
        string gid, Func<ITransactionsGrain, Task<TransactionReply>> request, CancellationToken cancellationToken)
    {
        var reply = await Ask(gid, request, cancellationToken);
        Check(gid, reply);
        return Of(gid, reply);
    }

    private async Task<T> Ask<T>(
        string gid, Func<ITransactionsGrain, Task<T>> request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(gid);
        RequestContext.Set(ClientName.Key, ClientName.Own); // Undone for the caller when this async method returns.
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await request(await Front(gid, cancellationToken)).WaitAsync(cancellationToken);
            }
            catch (OrleansMessageRejectionException e) when (tries < TriesMax && e is not SiloUnavailableException)
            {
                // It was not delivered: the next attempt finds another activation.
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                throw new TransactionException(gid, ReplyKind.Unavailable, e.Message);
            }
        }
    }

    private async ValueTask<ITransactionsGrain> Front(string gid, CancellationToken cancellationToken)
    {
        for (var looks = 1; ; looks++)
        {
            try
            {
                return Grains.GetGrain<ITransactionsGrain>(0);
            }
            catch (ArgumentException) when (looks < Introduction.Looks)
            {
                await Task.Delay(Introduction.Pace, Clock, cancellationToken);
            }
            catch (ArgumentException)
            {
                throw new TransactionException(
                    gid, ReplyKind.Unavailable, "no silo of the cluster is a coordinator (AddOrleansDtm)");
            }
        }
    }
}
