using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Metrics;

namespace OrleansDtm.Grains.Audit;

/// <summary>
/// Counts records of the audit log. The instruments are observed, so that every series exists from the start.
/// </summary>
internal sealed class AuditMetrics
{
    private static readonly string[] Outcomes =
        [AuditOutcomes.Done, AuditOutcomes.Rejected, AuditOutcomes.Failed, AuditOutcomes.Refused];

    private readonly long[] _records = new long[Outcomes.Length];
    private long _lost;

    public AuditMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DtmMeter.Name);
        meter.CreateObservableCounter(
            "dtm_audit_records_total", Measure, description: "Records of the audit log, by outcome of the action.");
        meter.CreateObservableCounter(
            "dtm_audit_lost_total",
            () => Interlocked.Read(ref _lost),
            description: "Audit records that were not stored: the store did not keep up.");
    }

    public void Recorded(string outcome)
    {
        if (Array.IndexOf(Outcomes, outcome) is >= 0 and var index)
        {
            Interlocked.Increment(ref _records[index]);
        }
    }

    public void Lost(int count) => Interlocked.Add(ref _lost, count);

    private IEnumerable<Measurement<long>> Measure() => Outcomes.Select((outcome, i) => new Measurement<long>(
        Interlocked.Read(ref _records[i]), new KeyValuePair<string, object?>("outcome", outcome)));
}
