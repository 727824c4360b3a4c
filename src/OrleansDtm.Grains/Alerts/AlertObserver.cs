using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Service;

namespace OrleansDtm.Grains.Alerts;

/// <summary>
/// Notes every call that came to nothing for the nth time in a row. Only puts it into a queue, which never blocks: a webhook that
/// hangs must not be felt by any transaction.
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
            new BoundedChannelOptions(options.QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => OnDropped());
    }

    public ChannelReader<Alert> Queue => _queue.Reader;

    /// <summary>Alerts nobody was told of because there were too many.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        // What a later event of the same write has ended is nobody's trouble any more, and a final transaction has none but its notice.
        if (answer.Outcome.Kind is not (OutcomeKind.Unknown or OutcomeKind.Failed)
            || state.Live(answer.Index) is not { Status: BranchStatus.Prepared } branch
            || branch.Failures == 0
            || branch.Failures < _options.RetryLimit)
        {
            return;
        }

        _queue.Writer.TryWrite(new Alert(
            state.Definition.Gid,
            Names.Of(state.Status),
            SecretHeaders.MaskQuery(branch.Definition.Url),
            SecretHeaders.MaskQuery(branch.LastError ?? ""),
            branch.Failures));
    }

    public void OnFinished(Transaction state)
    {
    }

    private void OnDropped()
    {
        if (Interlocked.Increment(ref _dropped) == 1)
        {
            _log.AlertsDropped(_options.QueueLength);
        }
    }
}
