using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Server.Metrics;

/// <summary>Who answers, since when, and at what cost; under the names Prometheus' own clients use.</summary>
internal sealed class ProcessGauges
{
    public ProcessGauges(IMeterFactory meters)
    {
        using var self = Process.GetCurrentProcess();
        var started = (self.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        var meter = meters.Create(DtmMeter.Name);
        meter.CreateObservableGauge(
            "dtm_server_info",
            static () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", HttpApi.Version)),
            description: "The version that answers.");
        meter.CreateObservableGauge("process_start_time_seconds", () => started, description: "Start of the process, in seconds since 1970.");
        meter.CreateObservableGauge(
            "process_resident_memory_bytes", static () => Environment.WorkingSet, description: "Memory the process holds.");
        meter.CreateObservableCounter(
            "process_cpu_seconds_total", static () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "Processor time used.");
        meter.CreateObservableGauge(
            "dotnet_gc_heap_bytes", static () => GC.GetTotalMemory(forceFullCollection: false), description: "Memory of managed objects.");
    }
}
