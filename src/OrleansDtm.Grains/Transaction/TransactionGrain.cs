using Orleans.Concurrency;
using Orleans.GrainDirectory;
using Orleans.Placement;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Transaction;

/// <summary>
/// The shell of a <see cref="TransactionRunner"/>: gives it a scheduler, a timer and an end. Reentrant, because the runner orders
/// events itself and no request may wait behind a slow branch.
/// </summary>
[Reentrant]
[TransactionPlacement]
[GrainDirectory(TransactionDirectory.Name)]
[Immovable] // Whoever moved it would find it back here: it lives where its gid says.
[KeepAlive] // It ends itself. Calls under way are no requests in Orleans' eyes: it would collect the activation beneath a slow one.
public sealed class TransactionGrain : Grain, ITransactionGrain, IRunnerHost
{
    private readonly RunnerServices _services;
    private readonly GrainReferences _grains;
    private readonly TransactionOwners _owners;
    private readonly TransactionRunner _runner;
    private readonly string _gid;
    private IGrainTimer? _timer;
    private Task<TransactionReply>? _pause;

    public TransactionGrain(RunnerServices services, GrainReferences grains, TransactionOwners owners)
    {
        ArgumentNullException.ThrowIfNull(services);
        _services = services;
        _grains = grains;
        _owners = owners;
        _gid = this.GetPrimaryKeyString();
        _runner = new TransactionRunner(_gid, services, this);
    }

    public Task<TransactionReply> Submit(SubmissionMessage submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        return _runner.Post(new TransactionEvent.Submit(Received(submission)), submission.WaitResult);
    }

    public Task<TransactionReply> Prepare(SubmissionMessage submission) =>
        _runner.Post(new TransactionEvent.Prepare(Received(submission)));

    public Task<TransactionReply> Abort(string type, string reason) =>
        _runner.Post(new TransactionEvent.Abort(Names.Type(type), reason));

    public async Task<TransactionReply> RegisterBranch(RegisterMessage branch)
    {
        ArgumentNullException.ThrowIfNull(branch);
        var reply = await _runner.Post(Messages.Register(branch, _services.Clock.GetUtcNow()));

        // To a branch that comes too late it makes no difference whether its transaction has ended or never was: DTM says the same.
        return reply.Kind == ReplyKind.NotFound
            ? reply with { Kind = ReplyKind.Conflict, Message = $"no trans with gid: {_gid} status: prepared found FAILURE" }
            : reply;
    }

    public Task<TransactionReply> FinishWorkflow(string status, string reason, string result) =>
        _runner.Post(new TransactionEvent.FinishWorkflow(Names.Status(status), reason, result));

    public Task<TransactionReply> ForceStop() => _runner.Post(TransactionEvent.ForceStop.Instance);

    public Task<TransactionReply> RetryNow() => _runner.Post(TransactionEvent.RetryNow.Instance);

    public Task<TransactionReply> RetryBranch(string branchId, string op) => _runner.Post(new TransactionEvent.RetryBranch(branchId, op));

    // One wait for all who ask: who asks again and again must not pile up waits.
    public Task<TransactionReply> WaitForPause() => _pause is { IsCompleted: false }
        ? _pause
        : _pause = _runner.Post(TransactionEvent.TimeDue.Instance, wait: true);

    public Task<bool> Resume(long goneOwner) => _runner.Resume(goneOwner);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _runner.Close();
        return Task.CompletedTask;
    }

    bool IRunnerHost.IsAtHome => _owners.IsHere(this.GetGrainId());

    void IRunnerHost.WakeAt(DateTimeOffset? moment)
    {
        if (moment is not { } at)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        // Never early, never beyond what a timer can hold: a wake that comes too soon only looks and waits again.
        var wait = at - _services.Clock.GetUtcNow();
        var due = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 1, TimeSpan.FromDays(1).TotalMilliseconds));
        if (_timer is null)
        {
            _timer = this.RegisterGrainTimer(
                static (runner, _) =>
                {
                    runner.Wake();
                    return Task.CompletedTask;
                },
                _runner,
                new GrainTimerCreationOptions(due, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
        }
        else
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>As DeactivateOnIdle, which would throw where the silo has been cut off and this is no activation any more.</summary>
    void IRunnerHost.Done() =>
        GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The transaction needs nothing just now."));

    /// <summary>
    /// The silo is stopping, or has been cut off. The new activation, wherever it is, treats this process's calls as gone; when the whole
    /// cluster stops nobody answers, and the lease brings it back.
    /// </summary>
    void IRunnerHost.Orphaned() =>

        // From outside: this is no activation any more, and Orleans lets it do nothing.
        Task.Run(() => _grains.Transaction(_gid).Resume(_services.Owner)).Ignore();

    private Submission Received(SubmissionMessage submission) => Messages.Submission(_gid, submission, _services.Clock.GetUtcNow());
}
