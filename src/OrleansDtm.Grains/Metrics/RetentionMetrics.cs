using System.Diagnostics.Metrics;

namespace OrleansDtm.Grains.Metrics;

/// <summary>Counts transactions deleted by retention.</summary>
internal sealed class RetentionMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _deleted = meters.Create(DtmMeter.Name).CreateCounter<long>(
        "dtm_retention_deleted_total", description: "Finished transactions deleted by retention.");

    public void Deleted(int count) => _deleted.Add(count);
}
