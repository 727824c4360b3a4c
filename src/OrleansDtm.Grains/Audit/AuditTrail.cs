using System.Text.RegularExpressions;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Audit;

/// <summary>
/// Writes the audit log: to the store in batches, and to the log of the process. Records that the store does not take
/// wait in memory, up to a maximum.
/// </summary>
public sealed partial class AuditTrail : ILifecycleParticipant<ISiloLifecycle>, IAsyncDisposable
{
    private const int WaitingMax = 10_000;

    /// <summary>Timeout of the wait of an operator's request for its record. The change is already made.</summary>
    private static readonly TimeSpan ReplyWait = TimeSpan.FromSeconds(2);

    /// <summary>The time in which records of applications' requests are collected for one commit.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FlushMax = TimeSpan.FromSeconds(5);

    private readonly Channel<Pending> _waiting = Channel.CreateBounded<Pending>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    private readonly CancellationTokenSource _giveUp = new();
    private readonly IAuditStore? _store;
    private readonly AuditMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lazy<Task> _writing;
    private long _lost;
    private int _stopped;
    private int _disposed;

    /// <param name="store">Null = the application's own store has no audit log; records go to the log only.</param>
    /// <param name="options">The options.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="loggers">Creates the logger of <see cref="AuditLog.Category"/>.</param>
    internal AuditTrail(
        IAuditStore? store, IOptions<DtmGrainOptions> options, AuditMetrics metrics, ILoggerFactory loggers)
    {
        _store = store;
        _metrics = metrics;
        _clock = options.Value.Clock;
        _log = loggers.CreateLogger(AuditLog.Category);
        IncludesRequests = options.Value.Audit.Requests;
        _writing = new Lazy<Task>(() => Task.Run(WriteAll));
    }

    /// <summary>Whether requests of applications are recorded.</summary>
    public bool IncludesRequests { get; }

    /// <summary>Records an operator's action. Completes when the record is stored, or after 2 s.</summary>
    public async Task Operation(Requester by, string action, string outcome, AuditSubject subject)
    {
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(subject);
        var record = Record(by, action, outcome, subject);
        using var scope = Scope(record);
        _log.Operation(
            record.Action, outcome, record.Gid, by.Kind, record.Caller, by.Role, by.Address, subject.Before,
            subject.After, record.Detail);
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!Add(record, stored))
        {
            return;
        }

        try
        {
            await stored.Task.WaitAsync(ReplyWait, _clock);
        }
        catch (TimeoutException)
        {
            // It waits for the store; the writer has logged why.
        }
    }

    /// <summary>Records a request of an application, if <see cref="IncludesRequests"/>.</summary>
    public void Request(Requester by, string action, string outcome, AuditSubject subject)
    {
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(subject);
        if (IncludesRequests)
        {
            var record = Record(by, action, outcome, subject) with { IsRequest = true };
            using var scope = Scope(record);
            _log.Request(
                record.Action, outcome, record.Gid, by.Kind, record.Caller, by.Role, by.Address, record.Detail);
            Add(record, null);
        }
    }

    /// <summary>Records a refused attempt. The caller bounds their rate.</summary>
    public void Refused(Requester by, string action, AuditSubject subject)
    {
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(subject);
        var record = Record(by, action, AuditOutcomes.Refused, subject);
        using var scope = Scope(record);
        _log.Refused(record.Action, by.Kind, record.Caller, by.Role, by.Address, record.Detail);
        Add(record, null);
    }

    /// <summary>A page of records, the newest first; empty if the store has no audit log.</summary>
    public Task<IReadOnlyList<AuditItem>> List(AuditFilter filter, CancellationToken cancellationToken) =>
        _store?.ListAudit(filter, cancellationToken) ?? Task.FromResult<IReadOnlyList<AuditItem>>([]);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>

        // Stops before the store does.
        lifecycle.Subscribe(
            nameof(AuditTrail),
            ServiceLifecycleStage.RuntimeStorageServices + 1,
            static _ => Task.CompletedTask,
            _ => Stop());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await Stop();
            _giveUp.Dispose();
        }
    }

    /// <summary>The namespace for log lines; null = the default one.</summary>
    private IDisposable? Scope(AuditRecord record) => record.Namespace.Length == 0
        ? null
        : LogScope.Begin(_log, Namespaces.Qualify(record.Namespace, record.Gid), null);

    private AuditRecord Record(Requester by, string action, string outcome, AuditSubject subject)
    {
        _metrics.Recorded(outcome);
        return new AuditRecord
        {
            At = _clock.GetUtcNow(),
            Action = action,
            Outcome = outcome,
            Gid = subject.Gid,
            Namespace = by.Namespace,
            Caller = by.Name,
            Kind = by.Kind,
            Role = by.Role,
            Address = by.Address,
            Detail = Masked(subject.Detail),
            Before = subject.Before,
            After = subject.After,
        };
    }

    /// <summary>Errors may contain the URL of a request.</summary>
    private static string Masked(string detail) =>
        UserInfo().Replace(SecretHeaders.MaskQuery(detail), $"//{SecretHeaders.Mask}@");

    [GeneratedRegex(@"//[^/@\s]+@", RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();

    /// <returns>False = nothing will be stored.</returns>
    private bool Add(AuditRecord record, TaskCompletionSource? stored)
    {
        if (_store is null)
        {
            return false;
        }

        _ = _writing.Value;
        if (_waiting.Writer.TryWrite(new Pending(record, stored)))
        {
            return true;
        }

        Lose(record, 1);
        return false;
    }

    private void Lose(AuditRecord record, int count)
    {
        _metrics.Lost(count);
        var before = Interlocked.Add(ref _lost, count) - count;
        if (before == 0 || (before / WaitingMax) != ((before + count) / WaitingMax))
        {
            _log.Lost(before + count, record.Action, record.Gid);
        }
    }

    private async Task Stop()
    {
        _waiting.Writer.TryComplete();
        if (Interlocked.Exchange(ref _stopped, 1) == 0 && _writing.IsValueCreated)
        {
            _giveUp.CancelAfter(FlushMax);
        }

        if (_writing.IsValueCreated)
        {
            await _writing.Value;
        }
    }

    private async Task WriteAll()
    {
        var batch = new List<Pending>(AuditRecord.BatchMax);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            Take(batch);
            if (batch.TrueForAll(static p => p.Stored is null) && !_waiting.Reader.Completion.IsCompleted)
            {
                await Task.Delay(Linger, _clock);
                Take(batch);
            }

            if (await Write(batch))
            {
                batch.ForEach(static p => p.Stored?.TrySetResult());
            }
            else
            {
                Lose(batch[0].Record, batch.Count);
            }

            batch.Clear();
        }
    }

    private void Take(List<Pending> batch)
    {
        while (batch.Count < AuditRecord.BatchMax && _waiting.Reader.TryRead(out var pending))
        {
            batch.Add(pending);
        }
    }

    /// <summary>Retries until the store takes the records.</summary>
    /// <returns>False = the process stops.</returns>
    private async Task<bool> Write(List<Pending> batch)
    {
        AuditRecord[] records = [.. batch.Select(static p => p.Record)];
        for (var failures = 0; ; failures++)
        {
            try
            {
                await _store!.Append(records, _giveUp.Token);
                if (failures > 0)
                {
                    _log.Continued();
                }

                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
            catch (Exception e)
            {
                if (failures == 0)
                {
                    _log.Waiting(e, WaitingMax);
                }
            }

            try
            {
                await Task.Delay(Retry, _clock, _giveUp.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    private readonly record struct Pending(AuditRecord Record, TaskCompletionSource? Stored);
}

/// <summary>What an action is about.</summary>
/// <param name="Gid">The transaction; empty = none.</param>
/// <param name="Detail">What was changed besides the transaction, and the reason of a failure.</param>
/// <param name="Before">The status before an operator's action; empty = unknown.</param>
/// <param name="After">The status after it; empty = unknown.</param>
public sealed record AuditSubject(string Gid, string Detail = "", string Before = "", string After = "");
