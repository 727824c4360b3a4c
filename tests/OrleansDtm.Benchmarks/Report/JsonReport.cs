using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Benchmarks.Report;

/// <summary>The result as JSON.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static async Task Write(
        string file, Machine machine, Options options, IReadOnlyList<StoreResult> stores, CancellationToken stop)
    {
        await using var stream = File.Create(file);
        var report = new
        {
            machine,
            warmupSeconds = options.Warmup.TotalSeconds,
            measuredSeconds = options.Measured.TotalSeconds,
            turns = options.Turns,
            gids = options.Gids.ToString().ToLowerInvariant(),
            ownSessions = options.HasOwnSessions,
            shape = options.Shape,
            stores,
        };
        await JsonSerializer.SerializeAsync(stream, report, Format, stop);
    }
}
