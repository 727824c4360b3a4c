using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// One run of a workflow's code: returns recorded steps or runs and records them, then commits or rolls back.
/// </summary>
internal sealed class WorkflowRun
{
    private const int ReasonMax = 1024;

    private readonly WorkflowRuntime _runtime;
    private readonly TransactionRequest _request;
    private readonly ConcurrentDictionary<(string BranchId, string Op), RecordedStep> _recorded = [];
    private readonly ConcurrentQueue<Task> _actions = [];
    private readonly List<(WorkflowBranch Branch, string Op, Func<WorkflowStep, Task> Run, bool Always)> _hooks = [];
    private readonly BranchIds _ids = new("");
    private volatile Exception? _broken;
    private volatile bool _over;

    public WorkflowRun(
        WorkflowRuntime runtime, WorkflowRegistration registration, TransactionRequest request,
        WorkflowProgress progress, CancellationToken cancel)
    {
        _runtime = runtime;
        _request = request;
        Coordinator = runtime.CoordinatorOf(request);
        Registration = registration;
        Cancel = cancel;
        Remember(progress);
    }

    public WorkflowRegistration Registration { get; }

    public string Name => Registration.Name;

    public string Gid => _request.Gid!;

    public string Namespace => _request.Namespace ?? "";

    private ICoordinator Coordinator { get; }

    public CancellationToken Cancel { get; }

    public string CoordinatorAddress => Coordinator.Address;

    public DtmOptions Options => _runtime.Options;

    public ReadOnlyMemory<byte> Bytes<T>(T value) => Payload.Bytes(value, Options);

    public T? Read<T>(ReadOnlyMemory<byte> data) => Payload.Read<T>(data, Options);

    public string NextBranchId()
    {
        EnsureNotOver();
        return _ids.Next();
    }

    /// <param name="branch">The branch.</param>
    /// <param name="op">commit or rollback.</param>
    /// <param name="run">The hook.</param>
    /// <param name="always">Also runs if the branch failed.</param>
    public void AddHook(WorkflowBranch branch, string op, Func<WorkflowStep, Task> run, bool always = false)
    {
        EnsureNotOver();
        lock (_hooks)
        {
            _hooks.Add((branch, op, run, always));
        }
    }

    public HttpClient Http(string name, Func<WorkflowBranch> branch) =>
        _runtime.Http(name, new RecordingHandler(this, branch));

    public HttpClient StepHttp(string name, BranchContext context) =>
        _runtime.Http(name, new StepHandler(this, context));

    public CancellationTokenSource TimeLimit() => _runtime.TimeLimit();

    public RecordedStep? Recorded(string branchId, string op) => _recorded.GetValueOrDefault((branchId, op));

    /// <summary>Runs the code, then the hooks, and reports the end to the coordinator.</summary>
    /// <exception cref="WorkflowEnded">Another run has ended it.</exception>
    public async Task<WorkflowResult> ProcessAsync(Func<Task<ReadOnlyMemory<byte>>> code)
    {
        ReadOnlyMemory<byte> result = default;
        Exception? error = null;
        try
        {
            result = await code().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            error = e;
        }

        _over = true;
        // Each has reported its own exception.
        await Task.WhenAll(_actions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_broken is { } broken)
        {
            ExceptionDispatchInfo.Throw(broken);
        }

        var refusal = error is null ? null : Judge(error) ?? throw Rethrown(error);
        if (refusal is not (null or BranchFailureException))
        {
            throw refusal;
        }

        await FinishAsync(refusal is null ? BranchOps.Commit : BranchOps.Rollback).ConfigureAwait(false);
        return refusal is null
            ? await EndAsync(GlobalStatus.Succeeded, "", result).ConfigureAwait(false)
            : await EndAsync(GlobalStatus.Failed, refusal.Reason ?? refusal.Message, default).ConfigureAwait(false);
    }

    public Task<ReadOnlyMemory<byte>> ActAsync(
        WorkflowBranch branch, Func<WorkflowStep, Task<ReadOnlyMemory<byte>>> action)
    {
        EnsureNotOver();
        var acting = DoAsync();
        _actions.Enqueue(acting);
        return acting;

        async Task<ReadOnlyMemory<byte>> DoAsync()
        {
            var step = Recorded(branch.BranchId, BranchOps.Action)
                ?? await TakeAsync(branch.BranchId, BranchOps.Action, action).ConfigureAwait(false);
            branch.Failed = step.Failed;
            return step.Failed
                ? throw new BranchFailureException(Encoding.UTF8.GetString(step.Data.Span)) { Gid = Gid }
                : step.Data;
        }
    }

    /// <summary>Records a step without the caller's token: it must not run again.</summary>
    /// <returns>The recorded step: another one if another run was first.</returns>
    public async Task<RecordedStep> SaveAsync(RecordedStep step)
    {
        var registration = new RegisterRequest
        {
            Gid = Gid,
            BranchId = step.BranchId,
            TransType = TransTypes.Workflow,
            Data = step.Data,
            Fields = new Dictionary<string, string> { ["op"] = step.Op, ["status"] = step.Status },
        };
        try
        {
            await Coordinator.RegisterBranchAsync(registration, CancellationToken.None).ConfigureAwait(false);
            return _recorded[(step.BranchId, step.Op)] = step;
        }
        catch (DtmException e) when (e is DtmConflictException or DtmUnavailableException)
        {
            // Another run was first, the workflow has ended, or a response was lost: read the record.
            await ReloadAsync().ConfigureAwait(false);
            if (Recorded(step.BranchId, step.Op) is { } recorded)
            {
                return recorded;
            }

            throw;
        }
    }

    /// <summary>The outcome of an exception; null = an error.</summary>
    public DtmException? Judge(Exception error) => error switch
    {
        BranchFailureException or BranchOngoingException => (DtmException)error,
        OperationCanceledException when Cancel.IsCancellationRequested => null,
        _ => Registration.Settings.ErrorOutcome(error) switch
        {
            BranchOutcome.Failure => new BranchFailureException(error.Message, error) { Gid = Gid },
            BranchOutcome.Ongoing => new BranchOngoingException(error.Message, error) { Gid = Gid },
            _ => null,
        },
    };

    /// <summary>
    /// Runs and records a step. If it has no outcome the run ends: the code must not continue without one.
    /// </summary>
    private async Task<RecordedStep> TakeAsync(
        string branchId, string op, Func<WorkflowStep, Task<ReadOnlyMemory<byte>>> action)
    {
        try
        {
            Cancel.ThrowIfCancellationRequested();
            if (_broken is { } broken)
            {
                throw Rethrown(broken);
            }

            RecordedStep step;
            try
            {
                step = new RecordedStep(
                    branchId, op, false, await action(new WorkflowStep(this, branchId, op)).ConfigureAwait(false));
            }
            catch (Exception e) when (op == BranchOps.Action && Judge(e) is BranchFailureException refusal)
            {
                step = new RecordedStep(branchId, op, true, Encoding.UTF8.GetBytes(refusal.Reason ?? refusal.Message));
            }

            return await SaveAsync(step).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            var meant = Judge(e) as BranchOngoingException ?? e;
            _broken ??= meant;
            throw ReferenceEquals(meant, e) ? Rethrown(e) : meant;
        }
    }

    /// <summary>Runs the hooks, last first. After an exception the rest wait for the next run.</summary>
    private async Task FinishAsync(string op)
    {
        var other = op == BranchOps.Commit ? BranchOps.Rollback : BranchOps.Commit;
        if (_recorded.Keys.Any(key => key.Op == other))
        {
            throw new DtmException($"The workflow {Name} {Gid} started to {other} in an earlier run and now wants to "
                + $"{op}: its code is not deterministic.")
            {
                Gid = Gid,
            };
        }

        for (var i = _hooks.Count - 1; i >= 0; i--)
        {
            var (branch, hookOp, run, always) = _hooks[i];
            var leftOut = branch.Failed && !always && !(op == BranchOps.Rollback
                && Registration.Settings.CompensateFailedBranch);
            if (hookOp != op || leftOut || Recorded(branch.BranchId, op) is not null)
            {
                continue;
            }

            try
            {
                await TakeAsync(branch.BranchId, op, async step =>
                {
                    await run(step).ConfigureAwait(false);
                    return default;
                }).ConfigureAwait(false);
            }
            catch (BranchFailureException e)
            {
                throw new DtmException(
                    $"The {op} of branch {branch.BranchId} of {Name} {Gid} failed, but it must succeed: {e.Reason}", e)
                {
                    Gid = Gid,
                    Reason = e.Reason,
                };
            }
        }
    }

    private async Task<WorkflowResult> EndAsync(GlobalStatus status, string reason, ReadOnlyMemory<byte> result)
    {
        reason = reason.Length <= ReasonMax ? reason : reason[..ReasonMax];
        var end = new TransactionRequest
        {
            Gid = Gid,
            TransType = TransTypes.Workflow,
            ReqExtra = new Dictionary<string, string?>
            {
                ["status"] = CoordinatorJson.Word(status),
                ["rollback_reason"] = reason,
                ["result"] = Convert.ToBase64String(result.Span),
            },
        };
        try
        {
            await Coordinator.SubmitAsync(end, CancellationToken.None).ConfigureAwait(false);
        }
        catch (DtmException e) when (e is DtmConflictException or DtmUnavailableException)
        {
            await ReloadAsync().ConfigureAwait(false);
            throw;
        }

        return new WorkflowResult(Gid, status, reason, result, Options);
    }

    /// <exception cref="WorkflowEnded">It has ended.</exception>
    private async Task ReloadAsync()
    {
        var progress = await Coordinator.PrepareWorkflowAsync(
            _request, CancellationToken.None).ConfigureAwait(false);
        if (progress.HasEnded)
        {
            throw new WorkflowEnded(progress);
        }

        Remember(progress);
    }

    private void Remember(WorkflowProgress progress)
    {
        foreach (var step in progress.Steps)
        {
            _recorded[(step.BranchId, step.Op)] = step;
        }
    }

    private void EnsureNotOver()
    {
        if (_over)
        {
            throw new InvalidOperationException(
                "The code of the workflow has ended; a hook cannot add branches. Use the step's Http for calls.");
        }
    }

    /// <summary>Rethrows with the original stack trace.</summary>
    private static Exception Rethrown(Exception error)
    {
        ExceptionDispatchInfo.Throw(error);
        return error;
    }
}

/// <summary>Leaves the workflow's code, because the workflow has ended.</summary>
internal sealed class WorkflowEnded(WorkflowProgress progress) : Exception("The workflow has ended.")
{
    public WorkflowProgress Progress { get; } = progress;
}
