using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Service;

namespace OrleansDtm.Grains.Alerts;

/// <summary>
/// Queues an alert for each branch call that failed n times in a row, and for each that is put aside. Queueing never
/// blocks, so that a webhook that hangs does not delay transactions.
/// </summary>
internal sealed class AlertObserver : ITransactionObserver
{
    private readonly AlertOptions _options;
    private readonly ILogger _log;
    private readonly Channel<Alert> _queue;
    private long _dropped;

    public AlertObserver(AlertOptions options, ILogger<AlertObserver> log)
    {
        _options = options;
        _log = log;
        _queue = Channel.CreateBounded<Alert>(
            new BoundedChannelOptions(options.QueueLength)
            {
                FullMode = BoundedChannelFullMode.DropOldest,
                SingleReader = true,
            },
            _ => OnDropped());
    }

    public ChannelReader<Alert> Queue => _queue.Reader;

    /// <summary>The number of alerts dropped because the queue was full.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        // No alert for a call that a later event of the same write has ended. A final transaction has only its notice
        // left.
        if (answer.Outcome.Kind is not (OutcomeKind.Unknown or OutcomeKind.Failed)
            || state.Live(answer.Index) is not { Status: BranchStatus.Prepared } branch
            || branch.Failures == 0
            || branch.Failures < _options.RetryLimit
            || branch.Parked) // Then OnParked tells it.
        {
            return;
        }

        Enqueue(state, branch);
    }

    public void OnFinished(Transaction state)
    {
    }

    public void OnParked(Transaction state, int index) => Enqueue(state, state.At(index));

    private void Enqueue(Transaction state, BranchOp branch) => _queue.Writer.TryWrite(new Alert(
        Namespaces.Plain(state.Definition.Gid),
        Names.Of(state.Status),
        SecretHeaders.MaskQuery(branch.Definition.Url),
        SecretHeaders.MaskQuery(branch.LastError ?? ""),
        branch.Failures,
        branch.Parked,
        Namespaces.IsQualified(state.Definition.Gid) ? Namespaces.Of(state.Definition.Gid) : null));

    private void OnDropped()
    {
        if (Interlocked.Increment(ref _dropped) == 1)
        {
            _log.AlertsDropped(_options.QueueLength);
        }
    }
}
