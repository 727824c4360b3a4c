using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Metrics;

/// <summary>Counts what became of transactions and of the calls of their branches, under DTM's names.</summary>
internal sealed class TransactionMetrics : ITransactionObserver
{
    /// <summary>Branch ids with series of their own. A submitter chooses them, so there must be an end to them.</summary>
    public const int BranchIdsMax = 50;

    /// <summary>The branchid label of all others.</summary>
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _branchIds = new(StringComparer.Ordinal);
    private volatile bool _branchIdsFull;
    private readonly Counter<long> _transactions;
    private readonly Histogram<double> _handled;
    private readonly Histogram<double> _ended;
    private readonly Counter<long> _branches;

    public TransactionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DtmMeter.Name);
        _transactions = meter.CreateCounter<long>("dtm_transaction_process_total", description: "Transactions that ended, by how.");
        _handled = meter.CreateHistogram(
            "dtm_transaction_handled_duration",
            description: "Seconds from a transaction's creation to its end.",
            advice: new InstrumentAdvice<double>
            {
                // DTM's, and further ones for transactions that have to wait for somebody.
                HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600],
            });
        _ended = meter.CreateHistogram(
            "dtm_transaction_duration_seconds",
            description: "Seconds from a transaction's creation to its end, by how it ended.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600, 86400] });
        _branches = meter.CreateCounter<long>("dtm_branch_process_total", description: "Calls of branches that were answered, or not in time.");
    }

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        if (!_branches.Enabled)
        {
            return;
        }

        _branches.Add(
            1,
            new KeyValuePair<string, object?>("model", Names.Of(state.Definition.Type)),
            new KeyValuePair<string, object?>("branchid", BranchId(state.At(answer.Index).Definition.Id)),
            new KeyValuePair<string, object?>("branchtype", BranchType(state, answer.Index)),
            new KeyValuePair<string, object?>("status", answer.Outcome.Kind == OutcomeKind.Succeeded ? "ok" : "fail"));
    }

    public void OnFinished(Transaction state)
    {
        var model = new KeyValuePair<string, object?>("model", Names.Of(state.Definition.Type));
        var status = new KeyValuePair<string, object?>("status", Names.Of(state.Status));
        if (_transactions.Enabled)
        {
            _transactions.Add(1, model, new KeyValuePair<string, object?>("status", state.Status == TransactionStatus.Succeed ? "ok" : "fail"));
        }

        if (_handled.Enabled && state.Finished is { } finished)
        {
            var seconds = (finished - state.Definition.Created).TotalSeconds;
            _handled.Record(seconds, model);
            _ended.Record(seconds, model, status);
        }
    }

    private string BranchId(string id)
    {
        if (_branchIds.TryGetValue(id, out var known))
        {
            return known;
        }

        if (_branchIdsFull)
        {
            return Other;
        }

        lock (_branchIds)
        {
            _branchIdsFull = _branchIds.Count >= BranchIdsMax;
            return _branchIdsFull ? Other : _branchIds.GetOrAdd(id, id);
        }
    }

    /// <summary>The op, as DTM has it; where a submitter chose the name, one of ours, so that there are only so many series.</summary>
    private static string BranchType(Transaction state, int index) => index switch
    {
        Transaction.NoticeIndex => "notice",
        Transaction.QueryIndex => state.Definition.Type == TransactionType.Workflow ? "workflow" : "msg",
        _ => state.Branches[index].Definition.Op switch
        {
            BranchOps.Action or BranchOps.Compensate or BranchOps.Confirm or BranchOps.Cancel or BranchOps.Commit or BranchOps.Rollback =>
                state.Branches[index].Definition.Op,
            _ => "other",
        },
    };
}
