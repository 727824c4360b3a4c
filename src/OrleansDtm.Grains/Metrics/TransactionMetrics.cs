using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;

namespace OrleansDtm.Grains.Metrics;

/// <summary>Counts finished transactions and branch calls under DTM's metric names.</summary>
internal sealed class TransactionMetrics : ITransactionObserver
{
    /// <summary>
    /// The maximum number of branch ids with their own series. Limited because submitters choose branch ids.
    /// </summary>
    public const int BranchIdsMax = 50;

    /// <summary>The maximum number of namespaces with their own series: callers choose their names.</summary>
    public const int NamespacesMax = 100;

    /// <summary>The branchid label of all other branches, and the namespace label of all other namespaces.</summary>
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _branchIds = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _namespaces = new(StringComparer.Ordinal);
    private bool _branchIdsFull;
    private bool _namespacesFull;
    private readonly Counter<long> _transactions;
    private readonly Histogram<double> _handled;
    private readonly Histogram<double> _ended;
    private readonly Counter<long> _branches;
    private readonly Counter<long> _parked;

    public TransactionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DtmMeter.Name);
        _transactions = meter.CreateCounter<long>(
            "dtm_transaction_process_total", description: "Finished transactions by type and status.");
        _handled = meter.CreateHistogram(
            "dtm_transaction_handled_duration",
            description: "Transaction duration from creation to end in seconds.",
            advice: new InstrumentAdvice<double>
            {
                // DTM's buckets, and longer ones for transactions that wait for retries.
                HistogramBucketBoundaries =
                [
                    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600,
                ],
            });
        _ended = meter.CreateHistogram(
            "dtm_transaction_duration_seconds",
            description: "Transaction duration from creation to end in seconds, by status.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600, 86400],
            });
        _branches = meter.CreateCounter<long>(
            "dtm_branch_process_total", description: "Finished branch calls, including timeouts.");
        _parked = meter.CreateCounter<long>(
            "dtm_branch_parked_total", description: "Branch calls put aside after give_up_after, by type and op.");
    }

    public void OnParked(Transaction state, int index) => _parked.Add(
        1, Labels(state, new KeyValuePair<string, object?>("branchtype", BranchType(state, index))));

    public void OnBranchAnswered(Transaction state, TransactionEvent.BranchAnswered answer)
    {
        if (!_branches.Enabled)
        {
            return;
        }

        _branches.Add(
            1,
            Labels(
                state,
                new KeyValuePair<string, object?>("branchid", BranchId(state.At(answer.Index).Definition.Id)),
                new KeyValuePair<string, object?>("branchtype", BranchType(state, answer.Index)),
                new KeyValuePair<string, object?>(
                    "status", answer.Outcome.Kind == OutcomeKind.Succeeded ? "ok" : "fail")));
    }

    public void OnFinished(Transaction state)
    {
        var status = new KeyValuePair<string, object?>("status", Names.Of(state.Status));
        if (_transactions.Enabled)
        {
            _transactions.Add(1, Labels(state, new KeyValuePair<string, object?>(
                "status", state.Status == TransactionStatus.Succeed ? "ok" : "fail")));
        }

        if (_handled.Enabled && state.Finished is { } finished)
        {
            var seconds = (finished - state.Definition.Created).TotalSeconds;
            _handled.Record(seconds, Labels(state));
            _ended.Record(seconds, Labels(state, status));
        }
    }

    /// <summary>DTM's labels, and the namespace if it is not the default one.</summary>
    private TagList Labels(Transaction state, params ReadOnlySpan<KeyValuePair<string, object?>> others)
    {
        var labels = new TagList { { "model", Names.Of(state.Definition.Type) } };
        foreach (var label in others)
        {
            labels.Add(label);
        }

        if (Namespaces.IsQualified(state.Definition.Gid))
        {
            labels.Add("namespace", Namespace(Namespaces.Of(state.Definition.Gid)));
        }

        return labels;
    }

    private string BranchId(string id) => Known(_branchIds, ref _branchIdsFull, id, BranchIdsMax);

    private string Namespace(string name) => Known(_namespaces, ref _namespacesFull, name, NamespacesMax);

    /// <summary>The value, or the one of all others if there are too many of them.</summary>
    private static string Known(ConcurrentDictionary<string, string> values, ref bool isFull, string value, int max)
    {
        if (values.TryGetValue(value, out var known))
        {
            return known;
        }

        if (Volatile.Read(ref isFull))
        {
            return Other;
        }

        lock (values)
        {
            Volatile.Write(ref isFull, values.Count >= max);
            return isFull ? Other : values.GetOrAdd(value, value);
        }
    }

    /// <summary>
    /// Returns DTM's op name, or a fixed name if the submitter chose the op, to limit the number of series.
    /// </summary>
    private static string BranchType(Transaction state, int index) => index switch
    {
        Transaction.NoticeIndex => "notice",
        Transaction.QueryIndex => state.Definition.Type == TransactionType.Workflow ? "workflow" : "msg",
        _ => state.Branches[index].Definition.Op switch
        {
            BranchOps.Action or BranchOps.Compensate or BranchOps.Confirm or BranchOps.Cancel or BranchOps.Commit
                or BranchOps.Rollback =>
                state.Branches[index].Definition.Op,
            _ => "other",
        },
    };
}
