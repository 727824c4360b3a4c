using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>The common code of the patterns, for any transport.</summary>
internal sealed partial class Dtm(
    ICoordinator coordinator,
    BranchCaller branches,
    WorkflowRuntime workflows,
    IEnumerable<IBranchHeaderSource> headers,
    IOptions<DtmOptions> options,
    TimeProvider clock,
    ILogger<Dtm> log) : IDtm
{
    private const int ReasonMax = 1024;
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LastLook = TimeSpan.FromSeconds(1);

    /// <summary>Timeout of a query after the caller's timeout.</summary>
    private static readonly TimeSpan LastCall = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait of one request: a proxy may end longer ones.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    /// <summary>The coordinator has no wait, as DTM's own servers: the status is polled.</summary>
    private volatile bool _polls;

    /// <summary>A field: the log generator of .NET 8 does not see parameters of the constructor.</summary>
    private readonly ILogger _log = log;

    public ICoordinator Coordinator { get; private init; } = new ObservedCoordinator(coordinator);

    /// <summary>The namespace of gids and topics; empty = the default one.</summary>
    public string Namespace { get; private init; } = options.Value.Namespace ?? "";

    public BranchCaller Branches => branches;

    public DtmOptions Options => options.Value;

    /// <summary>The payload in the coordinator's format.</summary>
    /// <exception cref="ArgumentException">It is not text, and the coordinator accepts only text.</exception>
    public byte[] Body<T>(T payload)
    {
        var body = Payload.Bytes(payload, Options);
        if (!Coordinator.CarriesBytes)
        {
            _ = Payload.Text(body);
        }

        return body;
    }

    public IDtm InNamespace(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return In(name);
    }

    public Saga Saga(SagaOptions? options = null) => new(this, options ?? new SagaOptions());

    public Msg Msg(MsgOptions? options = null) => new(this, options ?? new MsgOptions());

    public Task<TransactionResult> TccAsync(
        Func<Tcc, Task> body, TransOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        var request = Request(TransTypes.Tcc, options ?? new TransOptions(), NewGid(options));
        return TwoPhaseAsync(request, () => body(new Tcc(this, request, "", cancellationToken)), cancellationToken);
    }

    public Tcc JoinTcc(
        BranchContext context, TransOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.TransType != TransTypes.Tcc)
        {
            throw new ArgumentException($"A {context.TransType} cannot have branches of a TCC.", nameof(context));
        }

        var dtm = In(context.Namespace);
        return new Tcc(
            dtm,
            dtm.Request(TransTypes.Tcc, options ?? new TransOptions(), context.Gid),
            context.BranchId,
            cancellationToken);
    }

    public Task<TransactionResult> XaAsync(
        Func<Xa, Task> body, TransOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        var request = Request(TransTypes.Xa, options ?? new TransOptions(), NewGid(options));
        return TwoPhaseAsync(request, () => body(new Xa(this, request, cancellationToken)), cancellationToken);
    }

    public Task<WorkflowResult> WorkflowAsync<TInput>(
        string name, TInput input, TransOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var request = Request(TransTypes.Workflow, options ?? new TransOptions(), NewGid(options));
        request.WaitResult = null; // A workflow runs here, so its end is always awaited.
        return workflows.ExecuteAsync(request, name, Payload.Bytes(input, Options), cancellationToken);
    }

    public Task RegisterXaBranchAsync(BranchContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var registration = new RegisterRequest
        {
            Gid = context.Gid,
            BranchId = context.BranchId,
            TransType = TransTypes.Xa,
            Fields = new Dictionary<string, string>
            {
                ["url"] = context.Phase2Url
                    ?? throw new ArgumentException("The call has no phase2_url.", nameof(context)),
            },
        };
        var dtm = In(context.Namespace);
        return dtm.SeeingStatus(
            context.Gid, () => dtm.Coordinator.RegisterBranchAsync(registration, cancellationToken), cancellationToken);
    }

    private Dtm In(string name) => name == Namespace
        ? this
        : new Dtm(coordinator, branches, workflows, headers, options, clock, (ILogger<Dtm>)_log)
        {
            Coordinator = Coordinator.In(name),
            Namespace = name,
        };

    public Task<string> NewGidAsync(CancellationToken cancellationToken = default) =>
        Coordinator.NewGidAsync(cancellationToken);

    public Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        return Coordinator.QueryAsync(gid, cancellationToken);
    }

    public Task<TransactionPage> ListAsync(
        TransactionFilter? filter = null, CancellationToken cancellationToken = default) =>
        Coordinator.ListAsync(filter ?? new TransactionFilter(), cancellationToken);

    public async Task<TransactionResult> WaitForEndAsync(
        string gid, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        var started = clock.GetTimestamp();
        using var late = new CancellationTokenSource(timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var last = "the coordinator has not answered";
        for (var pause = FirstLook; ; pause = pause * 2 < LastLook ? pause * 2 : LastLook)
        {
            try
            {
                var left = timeout == Timeout.InfiniteTimeSpan ? WaitMax : timeout - clock.GetElapsedTime(started);
                var (info, hasWaited) = await LookForEndAsync(gid, left, both.Token).ConfigureAwait(false);
                if (info.ToResult() is { HasEnded: true } result)
                {
                    return result;
                }

                last = $"it is {info.Status}";
                if (hasWaited)
                {
                    continue;
                }
            }
            catch (DtmUnavailableException e)
            {
                last = e.Message;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"The transaction {gid} has not ended within {timeout}: {last}.");
            }

            try
            {
                await Task.Delay(pause, clock, both.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"The transaction {gid} has not ended within {timeout}: {last}.");
            }
        }
    }

    /// <summary>Waits for the end, at most as long as one request may take, or else queries the status.</summary>
    private async Task<(TransactionInfo Info, bool HasWaited)> LookForEndAsync(
        string gid, TimeSpan left, CancellationToken cancellationToken)
    {
        if (!_polls)
        {
            try
            {
                var atMost = left < WaitMax ? left : WaitMax;
                return (await Coordinator.WaitAsync(gid, atMost, cancellationToken).ConfigureAwait(false), true);
            }
            catch (NotSupportedException)
            {
                _polls = true;
            }
        }

        var info = await Coordinator.QueryAsync(gid, cancellationToken).ConfigureAwait(false)
            ?? throw new DtmNotFoundException($"There is no transaction {gid}.") { Gid = gid };
        return (info, false);
    }

    public Task AbortAsync(
        string gid, string transType, string reason = "", CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        ArgumentException.ThrowIfNullOrEmpty(transType);
        return AbortAsync(new TransactionRequest { Gid = gid, TransType = transType }, reason, cancellationToken);
    }

    public Task ForceStopAsync(string gid, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        return SeeingStatus(gid, () => Coordinator.ForceStopAsync(gid, cancellationToken), cancellationToken);
    }

    public Task RetryNowAsync(string gid, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        return SeeingStatus(gid, () => Coordinator.RetryNowAsync(gid, cancellationToken), cancellationToken);
    }

    public Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(gid);
        ArgumentException.ThrowIfNullOrEmpty(branchId);
        ArgumentException.ThrowIfNullOrEmpty(op);
        return SeeingStatus(
            gid, () => Coordinator.RetryBranchAsync(gid, branchId, op, cancellationToken), cancellationToken);
    }

    public Task SubscribeAsync(
        string topic, string url, string remark = "", CancellationToken cancellationToken = default) =>
        Coordinator.SubscribeAsync(topic, url, remark, cancellationToken);

    public Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken = default) =>
        Coordinator.UnsubscribeAsync(topic, url, cancellationToken);

    public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken = default) =>
        Coordinator.DeleteTopicAsync(topic, cancellationToken);

    public Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(
        string topic, CancellationToken cancellationToken = default) =>
        Coordinator.SubscribersAsync(topic, cancellationToken);

    [LoggerMessage(
        1,
        LogLevel.Warning,
        "The abort of {TransType} {Gid} failed; the coordinator rolls it back after timeout_to_fail.")]
    private partial void LogAbortFailed(Exception error, string? transType, string? gid);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "It is unknown whether the local transaction of {Gid} committed; the coordinator will call query_prepared.")]
    public partial void LogAskFailed(Exception error, string? gid);

    [LoggerMessage(
        3, LogLevel.Warning, "The {TransType} {Gid}, whose caller stopped waiting, may not have been submitted.")]
    private partial void LogSubmitFailed(Exception error, string? transType, string? gid);
}
