using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Core.Internal;
using OrleansDtm.Branches;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Grains.Running;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Recovery;

/// <summary>
/// Resumes due transactions of one store shard that are not active on any silo. The reminder keeps one activation in
/// the cluster; the sweep reads the due index. Waking an active transaction costs a local call and changes nothing. The
/// grain also deletes finished transactions after their retention.
/// </summary>
[ShardPlacement]
internal sealed class RecoveryGrain(
    ITransactionStore store,
    RunnerServices services,
    Transactions transactions,
    GoneOwners gone,
    RetentionMetrics metrics,
    SweepMetrics sweeps,
    IOptions<DtmGrainOptions> options,
    ILogger<RecoveryGrain> log) : Grain, IRecoveryGrain, IRemindable
{
    private const string ReminderName = "sweep";

    private ITransactionStore? _shard;
    private bool _reminded;

    /// <summary>
    /// The shard; null if the store has fewer shards, for example after a restore that left an old reminder.
    /// </summary>
    private ITransactionStore? Shard => Number >= 0 && Number < store.Shards.Count ? store.Shards[(int)Number] : null;

    private long Number => this.GetPrimaryKeyLong();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _shard = Shard;
        if (_shard is not null)
        {
            var patient = new PatientResume(transactions.Resume, services.Clock, log);
            var sweep = new RecoverySweep(
                _shard,
                Number,
                services.Owner,
                gone.Current,
                patient.Resume,
                services.Clock,
                options.Value,
                log,
                sweeps);
            this.RegisterGrainTimer(
                static (sweep, cancellation) => sweep.Run(cancellation),
                sweep,
                new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.SweepInterval) { KeepAlive = true });
            StartRetention(_shard);
            StartAuditRetention();
        }

        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        sweeps.Left(Number);
        return Task.CompletedTask;
    }

    public async Task Start()
    {
        if (!_reminded)
        {
            // The shortest period of Orleans. The timer does the work; the reminder only reactivates the grain.
            await this.RegisterOrUpdateReminder(ReminderName, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
            _reminded = true;
        }

        MoveToItsSilo();
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_shard is null && await this.GetReminder(ReminderName) is { } orphan)
        {
            await this.UnregisterReminder(orphan);
        }

        MoveToItsSilo();
    }

    /// <summary>
    /// Migrates the grain if a silo that joined or left changes its placement. Sent as an external request, because a
    /// migration that a grain requests itself ends the activation even if it should stay.
    /// </summary>
    private void MoveToItsSilo() => this.AsReference<IGrainManagementExtension>().MigrateOnIdle().AsTask().Ignore();

    private void StartRetention(ITransactionStore shard)
    {
        if (options.Value.Retention is not { } retention)
        {
            return;
        }

        Repeat(new RetentionSweep(
            "finished transactions",
            (now, lastId, cancellation) => shard.DeleteFinished(
                now - retention, lastId, RetentionPace.SliceRows, cancellation),
            Number,
            retention,
            services.Clock,
            metrics.Deleted,
            log));
    }

    /// <summary>The audit log is in shard 0.</summary>
    private void StartAuditRetention()
    {
        if (Number != 0 || store is not IAuditStore audit || options.Value.Audit.Retention is not { } retention)
        {
            return;
        }

        // A request of an application is kept as long as its transaction.
        var requests = options.Value.Retention is { } own && own < retention ? own : retention;
        Repeat(new RetentionSweep(
            "audit records",
            (now, lastId, cancellation) => audit.DeleteAudit(
                now - retention, now - requests, lastId, RetentionPace.SliceRows, cancellation),
            Number,
            requests,
            services.Clock,
            static _ => { },
            log));
    }

    /// <summary>Interleaved, so that the sweep does not wait for retention.</summary>
    private void Repeat(RetentionSweep sweep)
    {
        IGrainTimer? timer = null;
        timer = this.RegisterGrainTimer(
            async (_, cancellation) => timer!.Change(await sweep.Next(cancellation), Timeout.InfiniteTimeSpan),
            sweep,
            new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan)
            {
                KeepAlive = true,
                Interleave = true,
            });
    }
}
