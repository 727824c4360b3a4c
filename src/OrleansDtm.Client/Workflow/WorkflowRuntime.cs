using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>The workflows of this process: starts and resumes them, each gid at most once at a time.</summary>
internal sealed partial class WorkflowRuntime : IDisposable
{
    private readonly Dictionary<string, WorkflowRegistration> _registered = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<
        (string Namespace, string Gid), (string Name, Task<WorkflowResult> End)> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly IServiceScopeFactory _scopes;
    private readonly IHttpMessageHandlerFactory _handlers;
    private readonly IOptionsMonitor<HttpClientFactoryOptions> _httpOptions;
    private readonly TimeProvider _clock;
    private readonly ILogger<WorkflowRuntime> _log;

    public WorkflowRuntime(
        ICoordinator coordinator,
        IEnumerable<WorkflowRegistration> registrations,
        IServiceScopeFactory scopes,
        IHttpMessageHandlerFactory handlers,
        IOptionsMonitor<HttpClientFactoryOptions> httpOptions,
        IOptions<DtmOptions> options,
        TimeProvider clock,
        ILogger<WorkflowRuntime> log)
    {
        (Coordinator, Options) = (new ObservedCoordinator(coordinator), options.Value);
        (_scopes, _handlers, _httpOptions, _clock, _log) = (scopes, handlers, httpOptions, clock, log);
        foreach (var registration in registrations)
        {
            if (!_registered.TryAdd(registration.Name, registration))
            {
                throw new InvalidOperationException($"Two workflows have the name {registration.Name}.");
            }
        }
    }

    public ICoordinator Coordinator { get; }

    public DtmOptions Options { get; }

    /// <summary>The coordinator for the namespace of a workflow.</summary>
    public ICoordinator CoordinatorOf(TransactionRequest request) =>
        (request.Namespace ?? "") == (Options.Namespace ?? "")
            ? Coordinator
            : Coordinator.In(request.Namespace ?? "");

    /// <summary>Starts or resumes a workflow; a caller during its run waits for the same end.</summary>
    /// <param name="request">With gid and options.</param>
    /// <param name="name">Of the workflow.</param>
    /// <param name="input">Used only for a new workflow.</param>
    /// <param name="cancellationToken">Ends the run, or the wait for another caller's run.</param>
    public async Task<WorkflowResult> ExecuteAsync(
        TransactionRequest request, string name, ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        var registration = _registered.GetValueOrDefault(name)
            ?? throw new InvalidOperationException(
                $"There is no workflow {name}. Register it with AddWorkflow, in every instance.");
        request.QueryPrepared = Options.WorkflowCallback is { Length: > 0 } callback
            ? callback
            : throw new InvalidOperationException(
                "Set DtmOptions.WorkflowCallback: without it interrupted workflows cannot be resumed.");
        request.CustomData = JsonSerializer.Serialize(
            new WorkflowCustomData { Name = name, Data = input.ToArray() }, ProtocolJson.Readable.WorkflowCustomData);
        while (true)
        {
            var own = new TaskCompletionSource<WorkflowResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            var (runningName, running) = _running.GetOrAdd(Key(request), (name, own.Task));
            if (running == own.Task)
            {
                return await RunAsync(own, registration, request, input, cancellationToken).ConfigureAwait(false);
            }

            EnsureSame(request.Gid!, name, runningName);
            try
            {
                return await running.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested
                && !_stopping.IsCancellationRequested)
            {
                // The caller that started this run has cancelled it; this one has not.
            }
        }
    }

    /// <summary>
    /// Resumes a workflow for the coordinator. Not bound to the call: a step may take longer than the coordinator's
    /// timeout.
    /// </summary>
    /// <returns>Success = it has ended, committed or rolled back; Ongoing = it is running.</returns>
    public async Task<BranchOutcome> ResumeAsync(BranchContext context, ReadOnlyMemory<byte> input)
    {
        var request = new TransactionRequest
        {
            Gid = context.Gid,
            Namespace = context.Namespace,
            TransType = TransTypes.Workflow,
        };
        if (_running.ContainsKey(Key(request)))
        {
            return BranchOutcome.Ongoing;
        }

        var run = LoggedAsync(context, ExecuteAsync(request, context.Op, input, _stopping.Token));
        using var answered = new CancellationTokenSource();
        var first = await Task.WhenAny(
            run, Task.Delay(Options.WorkflowPatience, _clock, answered.Token)).ConfigureAwait(false);
        await answered.CancelAsync().ConfigureAwait(false);
        if (first != run)
        {
            _ = run.ContinueWith(static late => late.Exception, TaskScheduler.Default); // Already logged.
            return BranchOutcome.Ongoing;
        }

        await run.ConfigureAwait(false);
        return BranchOutcome.Success;
    }

    /// <summary>A client of the factory with an additional outer handler and without a timeout of its own.</summary>
    public HttpClient Http(string name, DelegatingHandler around)
    {
        around.InnerHandler = _handlers.CreateHandler(name);
        var http = new HttpClient(around, disposeHandler: false);
        foreach (var configure in _httpOptions.Get(name).HttpClientActions)
        {
            configure(http);
        }

        http.Timeout = Timeout.InfiniteTimeSpan; // The timeout must not include the recording; each call has its own.
        return http;
    }

    public CancellationTokenSource TimeLimit() => new(Options.BranchTimeout, _clock);

    /// <summary>No more steps start; the coordinator resumes the workflows elsewhere.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<WorkflowResult> RunAsync(
        TaskCompletionSource<WorkflowResult> end,
        WorkflowRegistration registration,
        TransactionRequest request,
        ReadOnlyMemory<byte> input,
        CancellationToken cancellationToken)
    {
        try
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            var result = await RunAsync(registration, request, input, both.Token).ConfigureAwait(false);
            _running.TryRemove(Key(request), out _);
            end.SetResult(result);
            return result;
        }
        catch (Exception e)
        {
            _running.TryRemove(Key(request), out _);
            if (e is OperationCanceledException)
            {
                end.SetCanceled(CancellationToken.None);
            }
            else
            {
                end.SetException(e);
                _ = end.Task.Exception; // Observed: it is thrown here, and others may not await it.
            }

            throw;
        }
    }

    private async Task<WorkflowResult> RunAsync(
        WorkflowRegistration registration, TransactionRequest request, ReadOnlyMemory<byte> input,
        CancellationToken cancel)
    {
        var progress = await CoordinatorOf(request).PrepareWorkflowAsync(request, cancel).ConfigureAwait(false);
        EnsureSame(request.Gid!, registration.Name, progress.Custom?.Name ?? "");
        try
        {
            if (progress.HasEnded)
            {
                throw new WorkflowEnded(progress);
            }

            var run = new WorkflowRun(this, registration, request, progress, cancel);
            var scope = _scopes.CreateAsyncScope();
            await using var disposing = scope.ConfigureAwait(false);
            var workflow = new Workflow(run, scope.ServiceProvider);
            return await run.ProcessAsync(
                () => registration.Code(workflow, progress.Custom?.Input ?? input, Options)).ConfigureAwait(false);
        }
        catch (WorkflowEnded ended)
        {
            return new WorkflowResult(
                request.Gid!, ended.Progress.Status, ended.Progress.Reason, ended.Progress.Result, Options);
        }
    }

    private static (string Namespace, string Gid) Key(TransactionRequest request) =>
        (request.Namespace ?? "", request.Gid!);

    private static void EnsureSame(string gid, string name, string known)
    {
        if (known.Length > 0 && known != name)
        {
            throw new DtmConflictException($"The gid {gid} belongs to the workflow {known}, not to {name}.")
            {
                Gid = gid,
            };
        }
    }

    private async Task LoggedAsync(BranchContext context, Task run)
    {
        try
        {
            await run.ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (BranchOngoingException or OperationCanceledException))
        {
            LogInterrupted(e, context.Op, context.Gid);
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The workflow {Name} {Gid} was interrupted; the coordinator will resume it.")]
    private partial void LogInterrupted(Exception error, string name, string gid);
}
