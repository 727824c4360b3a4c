using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansDtm.Grains.Metrics;
using OrleansDtm.Server.Apis;

namespace OrleansDtm.Server.Metrics;

/// <summary>Version, start time and resources of the process, with the names of Prometheus' client libraries.</summary>
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
            description: "Version of the server.");
        meter.CreateObservableGauge(
            "process_start_time_seconds", () => started, description: "Start of the process, Unix time in seconds.");
        meter.CreateObservableGauge(
            "process_resident_memory_bytes", static () => Environment.WorkingSet, description: "Resident memory.");
        meter.CreateObservableCounter(
            "process_cpu_seconds_total",
            static () => Environment.CpuUsage.TotalTime.TotalSeconds,
            description: "CPU time.");
        meter.CreateObservableGauge(
            "dotnet_gc_heap_bytes",
            static () => GC.GetTotalMemory(forceFullCollection: false),
            description: "Size of the GC heap.");
    }
}
