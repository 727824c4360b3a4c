using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Metrics;

namespace OrleansDtm.Grains.Audit;

/// <summary>Counts records of the audit log.</summary>
internal sealed class AuditMetrics
{
    private readonly Counter<long> _records;
    private readonly Counter<long> _lost;

    public AuditMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DtmMeter.Name);
        _records = meter.CreateCounter<long>(
            "dtm_audit_records_total", description: "Records of the audit log, by outcome of the action.");
        _lost = meter.CreateCounter<long>(
            "dtm_audit_lost_total", description: "Audit records that were not stored: the store did not keep up.");
        _lost.Add(0); // The series must exist before the first loss, or a rate cannot show it.
    }

    public void Recorded(string outcome) =>
        _records.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Lost(int count) => _lost.Add(count);
}
