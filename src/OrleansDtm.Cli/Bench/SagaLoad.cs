using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Api;

namespace OrleansDtm.Cli.Bench;

/// <summary>What a load has measured.</summary>
/// <param name="Seconds">Duration of the measurement.</param>
/// <param name="Sorted">Latency of each saga that succeeded, in milliseconds, the shortest first.</param>
/// <param name="Errors">Number of failures by message.</param>
internal sealed record LoadResult(double Seconds, IReadOnlyList<double> Sorted, IReadOnlyDictionary<string, int> Errors)
{
    public int Sagas => Sorted.Count;

    /// <summary>In milliseconds; the nearest rank. 0 if no saga succeeded.</summary>
    public double Percentile(int percent) => Sorted.Count == 0
        ? 0
        : Math.Round(Sorted[Math.Max(0, (int)Math.Ceiling(percent / 100.0 * Sorted.Count) - 1)], 3);
}

/// <summary>Clients that submit sagas and wait for their end, each one saga at a time.</summary>
/// <param name="coordinator">The coordinator.</param>
/// <param name="service">The branch service.</param>
/// <param name="clients">Number of clients.</param>
/// <param name="steps">Number of steps of a saga.</param>
internal sealed class SagaLoad(Coordinator coordinator, Uri service, int clients, int steps)
{
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(1);

    private readonly ConcurrentBag<double> _latencies = [];
    private readonly ConcurrentDictionary<string, int> _errors = new();

    /// <exception cref="OdtmException">The coordinator cannot be reached, or refuses the first saga.</exception>
    public async Task<LoadResult> Run(TimeSpan duration, TimeProvider clock, CancellationToken cancel)
    {
        await coordinator.Post("submit", Saga(), cancel);
        var start = clock.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Client()));
        var measured = clock.GetElapsedTime(start) - Warmup;
        return new LoadResult(measured.TotalSeconds, [.. _latencies.Order()], _errors);

        async Task Client()
        {
            while (clock.GetElapsedTime(start) is var begun && begun < Warmup + duration)
            {
                try
                {
                    await coordinator.Post("submit", Saga(), cancel);
                    if (begun >= Warmup)
                    {
                        _latencies.Add((clock.GetElapsedTime(start) - begun).TotalMilliseconds);
                    }
                }
                catch (OdtmException e)
                {
                    _errors.AddOrUpdate(e.Message, 1, static (_, count) => count + 1);

                    // A coordinator that is gone is not asked a million times.
                    await Task.Delay(TimeSpan.FromMilliseconds(100), clock, cancel);
                }
            }
        }
    }

    private JsonObject Saga() => new()
    {
        ["gid"] = $"bench-{Guid.NewGuid():N}",
        ["trans_type"] = "saga",
        ["steps"] = new JsonArray([.. Enumerable.Range(0, steps).Select(JsonNode (_) => new JsonObject
        {
            ["action"] = new Uri(service, "action").ToString(),
            ["compensate"] = new Uri(service, "compensate").ToString(),
        })]),
        ["payloads"] = new JsonArray(
            [.. Enumerable.Range(0, steps).Select(static JsonNode (_) => """{"amount":30}""")]),
        ["wait_result"] = true,
    };
}
